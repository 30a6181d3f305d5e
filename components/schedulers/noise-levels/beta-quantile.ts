/** The quantiles of the beta distribution. Counterpart: scipy.stats.beta.ppf */

/** Coefficients of Lanczos' approximation of the gamma function, g = 7. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** A stand-in for zero in denominators. */
const TINY = 1e-300

/**
 * The value below which a share `p` of the beta distribution lies.
 *
 * @param p between 0 and 1
 * @param a first shape parameter, above 0
 * @param b second shape parameter, above 0
 */
export function betaQuantile(p: number, a: number, b: number): number {
  if (p <= 0) return 0
  if (p >= 1) return 1
  let low = 0
  let high = 1
  for (;;) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) return middle
    if (betaShare(middle, a, b) < p) low = middle
    else high = middle
  }
}

/** The share of the distribution below `x`: the regularised incomplete beta function. */
function betaShare(x: number, a: number, b: number): number {
  // The fraction converges quickly below the mean only; the rest is its mirror image.
  return x > (a + 1) / (a + b + 2) ? 1 - shareBelowMean(1 - x, b, a) : shareBelowMean(x, a, b)
}

function shareBelowMean(x: number, a: number, b: number): number {
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b)
  return (Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a) * continuedFraction(x, a, b)
}

/** Lentz's method for the continued fraction of the incomplete beta function (https://dlmf.nist.gov/8.17#v). */
function continuedFraction(x: number, a: number, b: number): number {
  let fraction = 1
  let c = 1
  let d = 0
  for (let k = 0; k < 1000; k++) {
    const m = Math.floor(k / 2)
    const numerator =
      k === 0
        ? 1
        : k % 2 === 0
          ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
          : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / (1 + numerator * d || TINY)
    c = 1 + numerator / c || TINY
    fraction *= c * d
    if (Math.abs(1 - c * d) < 1e-15) break
  }
  return fraction - 1
}

function logGamma(z: number): number {
  if (z < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * z)) - logGamma(1 - z)
  const sum = LANCZOS.reduce((total, coefficient, i) => (i === 0 ? coefficient : total + coefficient / (z - 1 + i)), 0)
  const t = z + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (z - 0.5) * Math.log(t) - t + Math.log(sum)
}
