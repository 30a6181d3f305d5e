/** `out = a · x + b · y` for `count` values of float32, products and sums rounded one by one. Pointers are bytes, `count` a multiple of 4. */
export function addTwo(out: usize, a: f32, x: usize, b: f32, y: usize, count: i32): void {
  const p = f32x4.splat(a)
  const q = f32x4.splat(b)
  for (let i: usize = 0, end = (<usize>count) << 2; i < end; i += 16) {
    v128.store(out + i, f32x4.add(f32x4.mul(p, v128.load(x + i)), f32x4.mul(q, v128.load(y + i))))
  }
}
