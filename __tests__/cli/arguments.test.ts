import {
  parseCount,
  parseDuration,
  parseGuidance,
  parseSeconds,
  parseSeed,
  parseSize,
  parseSteps,
  parseStrength,
} from '../../cli/arguments'

describe('options of the command line', () => {
  test.each([
    [parseSteps, '1', 1],
    [parseSteps, '25', 25],
    [parseCount, '3', 3],
    [parseCount, '1000', 1000],
    [parseSeed, '0', 0],
    [parseSeed, '4294967296', 2 ** 32],
    [parseSeed, '-1', -1],
    [parseGuidance, '7.5', 7.5],
    [parseGuidance, '0', 0],
    [parseStrength, '0', 0],
    [parseStrength, '0.8', 0.8],
    [parseStrength, '1', 1],
    [parseDuration, '30m', 1_800_000],
    [parseDuration, ' 7d ', 604_800_000],
    [parseSize, '64', { width: 64, height: 64 }],
    [parseSize, '96x64', { width: 96, height: 64 }],
    [parseSize, ' 96X64 ', { width: 96, height: 64 }],
  ])('%p reads %j as %j', (parse, text, value) => {
    expect(parse(text)).toEqual(value)
  })

  test.each([
    [parseSteps, ['0', '-1', '2.5', '', ' ', 'many', 'NaN', 'Infinity', '99999999999999999999']],
    [parseCount, ['0', '1.5', '', '1001', '1000000000']],
    [parseSeed, ['0.5', '', '1e400', '1n', '18446744073709551616', '-9223372036854775809', '9'.repeat(10_000)]],
    [parseGuidance, ['-0.1', '', 'NaN', 'Infinity', 'strong']],
    [parseStrength, ['-0.1', '1.01', '', 'NaN', 'much']],
    [parseDuration, ['', '0d', '1', 'd', '1w', '-1d', '1.5h', '99999d']],
    [parseSize, ['', '0', '64x', 'x64', '64x0', '-64', '64.5', '64x64x64', 'big']],
  ])('%p refuses %j', (parse, texts) => {
    for (const text of texts)
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }))
  })

  test.each(['9007199254740993', '18446744073709551615', '-9223372036854775808'])('a seed of %s is exact', text => {
    expect(parseSeed(text)).toBe(BigInt(text))
  })

  test('a time between saves is refused in seconds', () => {
    expect(() => parseSeconds('0')).toThrow('The number of seconds must be a whole number from 1 up.')
  })

  test('a seed beyond 64 bits is refused with the limits', () => {
    expect(() => parseSeed('18446744073709551616')).toThrow(
      'from -2^63 (-9223372036854775808) to 2^64 - 1 (18446744073709551615)',
    )
  })
})
