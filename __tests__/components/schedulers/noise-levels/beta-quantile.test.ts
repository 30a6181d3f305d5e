import fc from 'fast-check'
import { betaQuantile } from '../../../../components/schedulers/noise-levels/beta-quantile'

const share = fc.double({ min: 0.001, max: 0.999, noNaN: true })

test('the uniform distribution is that of shapes 1 and 1', () => {
  fc.assert(fc.property(share, p => expect(betaQuantile(p, 1, 1)).toBeCloseTo(p, 12)))
})

test('the arcsine distribution is that of shapes 1/2 and 1/2', () => {
  fc.assert(
    fc.property(share, p => expect(betaQuantile(p, 0.5, 0.5)).toBeCloseTo(Math.sin((Math.PI * p) / 2) ** 2, 12)),
  )
})

test('exchanging the shapes mirrors the distribution', () => {
  const shape = fc.double({ min: 0.3, max: 5, noNaN: true })
  fc.assert(
    fc.property(share, shape, shape, (p, a, b) =>
      expect(betaQuantile(p, a, b)).toBeCloseTo(1 - betaQuantile(1 - p, b, a), 10),
    ),
  )
})

test('the quantiles of shapes 0.6 and 0.6 are known', () => {
  expect([0, 0.1, 0.25, 0.5, 1].map(p => betaQuantile(p, 0.6, 0.6))).toEqual([
    0,
    expect.closeTo(0.0395844055887809, 12),
    expect.closeTo(0.175680378652695, 12),
    expect.closeTo(0.5, 14),
    1,
  ])
})
