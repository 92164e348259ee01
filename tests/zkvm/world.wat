;; Small programs with WASI, for every gas limit and for forgers.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)

  (func $iov (param $at i32) (param $n i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $n)))
  ;; Input to where it is out of step with its words, to both outputs, out of step again.
  (func (export "copy") (result i32)
    (call $iov (i32.const 101) (i32.const 3))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $iov (i32.const 106) (i32.const 40))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $iov (i32.const 106) (i32.load (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $iov (i32.const 101) (i32.const 18))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.load (i32.const 8)))
  (func (export "chance") (result i64)
    (drop (call $random (i32.const 33) (i32.const 11)))
    (drop (call $time (i32.const 0) (i64.const 1) (i32.const 48)))
    (i64.add (i64.load (i32.const 34)) (i64.load (i32.const 48))))
  (func (export "strings") (result i32)
    (drop (call $env_sizes (i32.const 16) (i32.const 20)))
    (drop (call $env (i32.const 64) (i32.const 99)))
    (i32.add (i32.load (i32.const 68)) (i32.load (i32.const 110))))
  (func (export "leave")
    (call $iov (i32.const 0) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const -7)))
  ;; More than the limit, after some that fits.
  (func (export "flood") (result i32)
    (call $iov (i32.const 0) (i32.const 33))
    (loop $more
      (br_if $more (i32.eqz
        (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))))
    (i32.const 0))
  (func (export "close") (result i32)
    (call $iov (i32.const 16) (i32.const 5))
    (i32.add
      (i32.add (call $close (i32.const 1)) (call $close (i32.const 1)))
      (i32.add
        (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
        (call $stat (i32.const 2) (i32.const 65473)))))
  ;; The end of the memory: what fits, and what does not.
  (func (export "edge") (result i32)
    (call $iov (i32.const 65530) (i32.const 6))
    (i32.add
      (i32.add
        (call $random (i32.const 65530) (i32.const 6))
        (call $random (i32.const 65530) (i32.const 7)))
      (i32.add
        (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 65532))
        (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 65533)))))
  ;; 1024 buffers of 4 MiB and a byte: more than 2^32 together.  Their list is the filled memory.
  (func (export "huge") (result i32)
    (local $i i32)
    (drop (memory.grow (i32.const 65)))
    (loop $more
      (i32.store (i32.add (i32.const 8192) (i32.shl (local.get $i) (i32.const 3))) (i32.const 1))
      (i32.store (i32.add (i32.const 8196) (i32.shl (local.get $i) (i32.const 3))) (i32.const 4194305))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024))))
    (i32.add
      (call $write (i32.const 1) (i32.const 8192) (i32.const 1024) (i32.const 8))
      (call $write (i32.const 1) (i32.const 8192) (i32.const 1025) (i32.const 8))))
  ;; A clock and a stream, the events over the subscriptions.
  (func (export "wait") (result i32)
    (i64.store (i32.const 128) (i64.const 77))
    (i64.store (i32.const 152) (i64.const 1000000))
    (i64.store8 (i32.const 184) (i64.const 2))
    (i32.store (i32.const 192) (i32.const 1))
    (drop (call $poll (i32.const 128) (i32.const 136) (i32.const 2) (i32.const 16)))
    (i32.add (i32.load (i32.const 16)) (i32.load (i32.const 152)))))
