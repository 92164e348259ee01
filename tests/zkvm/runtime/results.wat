(module (func (export "memory.grow") (param i32) (result i32 i32) (i32.const 0) (i32.const 0)))
