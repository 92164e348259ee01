;; One half of two linked modules; see user.wat.
(module
  (memory (export "memory") 1 4)
  (table (export "table") 4 funcref)
  (global $counter (export "counter") (mut i32) (i32.const 5))
  (type $thunk (func (result i32)))
  (func (export "bump") (result i32)
    (global.set $counter (i32.add (global.get $counter) (i32.const 1)))
    (global.get $counter))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "call") (param i32) (result i32) (call_indirect (type $thunk) (local.get 0)))
  (func (export "fails") (result i32) unreachable))
