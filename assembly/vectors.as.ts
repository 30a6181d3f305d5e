// Arithmetic of float32, each operation rounded by itself. Pointers are bytes; `count` is a multiple of 16, as many values as one turn of a loop takes.

/** `out = a · x + b · y` */
export function addTwo(out: usize, a: f32, x: usize, b: f32, y: usize, count: i32): void {
  const p = f32x4.splat(a)
  const q = f32x4.splat(b)
  for (const end = out + ((<usize>count) << 2); out < end; out += 64, x += 64, y += 64) {
    v128.store(out, f32x4.add(f32x4.mul(p, v128.load(x)), f32x4.mul(q, v128.load(y))))
    v128.store(out, f32x4.add(f32x4.mul(p, v128.load(x, 16)), f32x4.mul(q, v128.load(y, 16))), 16)
    v128.store(out, f32x4.add(f32x4.mul(p, v128.load(x, 32)), f32x4.mul(q, v128.load(y, 32))), 32)
    v128.store(out, f32x4.add(f32x4.mul(p, v128.load(x, 48)), f32x4.mul(q, v128.load(y, 48))), 48)
  }
}

/** `out = a · x` */
export function scale(out: usize, a: f32, x: usize, count: i32): void {
  const p = f32x4.splat(a)
  for (const end = out + ((<usize>count) << 2); out < end; out += 64, x += 64) {
    v128.store(out, f32x4.mul(p, v128.load(x)))
    v128.store(out, f32x4.mul(p, v128.load(x, 16)), 16)
    v128.store(out, f32x4.mul(p, v128.load(x, 32)), 32)
    v128.store(out, f32x4.mul(p, v128.load(x, 48)), 48)
  }
}

/** `out = min(max(x, low), high)`; NaN stays NaN. */
export function clip(out: usize, low: f32, high: f32, x: usize, count: i32): void {
  const l = f32x4.splat(low)
  const h = f32x4.splat(high)
  for (const end = out + ((<usize>count) << 2); out < end; out += 64, x += 64) {
    v128.store(out, f32x4.pmax(f32x4.pmin(v128.load(x), h), l))
    v128.store(out, f32x4.pmax(f32x4.pmin(v128.load(x, 16), h), l), 16)
    v128.store(out, f32x4.pmax(f32x4.pmin(v128.load(x, 32), h), l), 32)
    v128.store(out, f32x4.pmax(f32x4.pmin(v128.load(x, 48), h), l), 48)
  }
}
