(module (import "vcp" "charge.bulk" (func (param i64 i64)))
  (func (export "memory.grow") (param i32) (result i32) (i32.const 0)))
