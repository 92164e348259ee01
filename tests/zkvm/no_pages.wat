;; As no_memory.wat, with a memory of no pages.
(module
  (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory 0)
  (func (export "nothing") (result i32)
    (i32.add (call $env (i32.const 0) (i32.const 0)) (call $random (i32.const 0) (i32.const 0)))))
