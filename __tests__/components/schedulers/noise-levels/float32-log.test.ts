import { logFloat32 } from '../../../../components/schedulers/noise-levels/float32-log'

test('has the last bits of numpy', () => {
  // numpy.log of numpy.float32 values; the last two are not the nearest float32.
  const known = [
    [57.39913558959961, 4.050029277801514],
    [59.11045837402344, 4.079407691955566],
    [3.1684916019439697, 1.1532557010650635],
    [1.0884253978729248, 0.0847320556640625],
  ] as const
  for (const [value, log] of known) expect(logFloat32(value)).toBe(log)
})

test('is defined at the ends', () => {
  expect([logFloat32(0), logFloat32(1), logFloat32(Infinity), logFloat32(-1)]).toEqual([
    -Infinity,
    0,
    Infinity,
    Number.NaN,
  ])
})
