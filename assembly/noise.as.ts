/** The words of an mt19937 engine. */
const SIZE: usize = 624
const SHIFT: usize = 397

/** A word takes four bytes. */
const WORD: usize = 4

/**
 * Writes `count` uniform numbers of 24 bits to `out`, from the word at `position` of the engine's 624 words on, and returns the position after
 * the last. Up to three more values are written beyond, and the four words beyond the engine's are a copy of its first ones.
 */
export function fillUniform(words: usize, position: i32, out: usize, count: i32): i32 {
  let at: usize = <usize>position
  let rest: usize = <usize>count
  while (rest > 0) {
    if (at === SIZE) {
      refill(words)
      at = 0
    }
    const taken = min(SIZE - at, rest)
    const from = words + at * WORD
    for (let i: usize = 0; i < taken * WORD; i += 16) {
      v128.store(out + i, uniform(v128.load(from + i)))
    }
    out += taken * WORD
    at += taken
    rest -= taken
  }
  return <i32>at
}

/** Makes new words, four at once, each of itself, the next one and the one 397 places on. */
function refill(words: usize): void {
  const end = words + SIZE * WORD
  renew(words, words + 16, SHIFT * WORD)
  // The first of the new words is needed beyond the last: it is the one after word 623, and the one 397 places on from word 227.
  v128.store(end, v128.load(words))
  const turn = words + (SIZE - SHIFT + 1) * WORD
  renew(words + 16, turn, SHIFT * WORD)
  renew(turn, end, (SHIFT - SIZE) * WORD)
}

function renew(from: usize, to: usize, shift: usize): void {
  for (let at = from; at < to; at += 16) {
    const next = v128.load(at + WORD)
    const bits = v128.bitselect(v128.load(at), next, i32x4.splat(0x80000000))
    const odd = i32x4.neg(v128.and(next, i32x4.splat(1)))
    const mixed = v128.xor(i32x4.shr_u(bits, 1), v128.and(odd, i32x4.splat(0x9908b0df)))
    v128.store(at, v128.xor(v128.load(at + shift), mixed))
  }
}

/** Of words, their 24 uniform bits. */
function uniform(words: v128): v128 {
  let bits = v128.xor(words, i32x4.shr_u(words, 11))
  bits = v128.xor(bits, v128.and(i32x4.shl(bits, 7), i32x4.splat(0x9d2c5680)))
  bits = v128.xor(bits, v128.and(i32x4.shl(bits, 15), i32x4.splat(0xefc60000)))
  bits = v128.xor(bits, i32x4.shr_u(bits, 18))
  return f32x4.mul(f32x4.convert_i32x4_s(v128.and(bits, i32x4.splat(0xffffff))), f32x4.splat(5.9604644775390625e-8))
}

/**
 * Makes normal numbers of uniform ones, in place, in blocks of sixteen: eight for radii, then eight for angles. `values` and `count` are
 * multiples of 64 and 16. Sine and cosine are S. Moshier's polynomials (Cephes), which PyTorch uses too.
 */
export function makeNormal(values: usize, count: i32): void {
  const end = values + <usize>count * WORD
  for (let at = values; at < end; at += at & 16 ? 48 : 16) {
    const radius = f32x4.sqrt(negativeTwiceLog(f32x4.sub(f32x4.splat(1), v128.load(at))))
    const turns = v128.load(at + 32)
    // Added to so large a number, the fraction is rounded off: what is left are quarters of a turn, in the lowest bits and as a number.
    const quarters = f32x4.add(f32x4.mul(turns, f32x4.splat(4)), f32x4.splat(12582912))
    const quarter = f32x4.sub(quarters, f32x4.splat(12582912))
    // The angle, rounded as PyTorch rounds it, less the quarters, in two parts of which the product with the first is exact.
    let x = f32x4.mul(f32x4.splat(6.2831853071795862), turns)
    x = f32x4.sub(x, f32x4.mul(quarter, f32x4.splat(1.5703125)))
    x = f32x4.sub(x, f32x4.mul(quarter, f32x4.splat(4.838267948966e-4)))
    const square = f32x4.mul(x, x)

    let sine = f32x4.add(f32x4.mul(f32x4.splat(-1.9515295891e-4), square), f32x4.splat(8.3321608736e-3))
    sine = f32x4.add(f32x4.mul(sine, square), f32x4.splat(-1.6666654611e-1))
    sine = f32x4.add(f32x4.mul(f32x4.mul(sine, square), x), x)

    let cosine = f32x4.add(f32x4.mul(f32x4.splat(2.443315711809948e-5), square), f32x4.splat(-1.388731625493765e-3))
    cosine = f32x4.add(f32x4.mul(cosine, square), f32x4.splat(4.166664568298827e-2))
    cosine = f32x4.add(f32x4.mul(cosine, square), f32x4.splat(-0.5))
    cosine = f32x4.add(f32x4.mul(cosine, square), f32x4.splat(1))

    const swapped = i32x4.neg(v128.and(quarters, i32x4.splat(1)))
    const two = i32x4.splat(2)
    const sineSign = i32x4.shl(v128.and(quarters, two), 30)
    const cosineSign = i32x4.shl(v128.and(i32x4.add(quarters, i32x4.splat(1)), two), 30)
    v128.store(at, f32x4.mul(radius, v128.xor(v128.bitselect(sine, cosine, swapped), cosineSign)))
    v128.store(at + 32, f32x4.mul(radius, v128.xor(v128.bitselect(cosine, sine, swapped), sineSign)))
  }
}

/** -2 · log(value), of numbers above 0 that are not denormal, by the series of Sun's fdlibm. */
function negativeTwiceLog(value: v128): v128 {
  // value = mantissa · 2^exponent, with a mantissa between the square roots of 1/2 and 2.
  const root = i32x4.splat(0x3f3504f3)
  const above = i32x4.sub(value, root)
  const exponent = f32x4.convert_i32x4_s(i32x4.shr_s(above, 23))
  const x = f32x4.sub(i32x4.add(v128.and(above, i32x4.splat(0x7fffff)), root), f32x4.splat(1))
  // log(1 + x) = x - x²/2 + s · (x²/2 + R), where s = x / (2 + x) and R is a series in s²: near 1, x alone counts, which is exact.
  const s = f32x4.div(x, f32x4.add(x, f32x4.splat(2)))
  const z = f32x4.mul(s, s)
  const w = f32x4.mul(z, z)
  const odd = f32x4.mul(z, f32x4.add(f32x4.splat(2 * 0.66666662693), f32x4.mul(w, f32x4.splat(2 * 0.28498786688))))
  const even = f32x4.mul(w, f32x4.add(f32x4.splat(2 * 0.40000972152), f32x4.mul(w, f32x4.splat(2 * 0.24279078841))))
  const square = f32x4.mul(x, x)
  let y = f32x4.mul(s, f32x4.add(square, f32x4.add(odd, even)))
  y = f32x4.add(y, f32x4.mul(exponent, f32x4.splat(2 * 9.0580006145e-6)))
  y = f32x4.sub(square, y)
  y = f32x4.sub(y, f32x4.add(x, x))
  return f32x4.sub(y, f32x4.mul(exponent, f32x4.splat(2 * 0.69313812256)))
}

/**
 * Writes four planes of `pixels` values, `stride` bytes apart, as four channels of pixels that are `pixelStride` bytes apart. Pixels are written
 * in fours, so up to three beyond.
 */
export function interleave(planes: usize, stride: usize, out: usize, pixelStride: usize, pixels: i32): void {
  let to = out
  for (let i: usize = 0, end = <usize>pixels * WORD; i < end; i += 16) {
    const a = v128.load(planes + i)
    const b = v128.load(planes + stride + i)
    const c = v128.load(planes + 2 * stride + i)
    const d = v128.load(planes + 3 * stride + i)
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
    const abLater = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
    const cdLater = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
    v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2))
    v128.store(to + pixelStride, v128.shuffle<i64>(ab, cd, 1, 3))
    v128.store(to + 2 * pixelStride, v128.shuffle<i64>(abLater, cdLater, 0, 2))
    v128.store(to + 3 * pixelStride, v128.shuffle<i64>(abLater, cdLater, 1, 3))
    to += 4 * pixelStride
  }
}
