import { parseCount, parseGuidance, parseSeed, parseSize, parseSteps } from '../../cli/arguments'

describe('options of the command line', () => {
  test.each([
    [parseSteps, '1', 1],
    [parseSteps, '25', 25],
    [parseCount, '3', 3],
    [parseSeed, '0', 0],
    [parseSeed, '4294967296', 2 ** 32],
    [parseGuidance, '7.5', 7.5],
    [parseGuidance, '0', 0],
    [parseSize, '64', { width: 64, height: 64 }],
    [parseSize, '96x64', { width: 96, height: 64 }],
    [parseSize, ' 96X64 ', { width: 96, height: 64 }],
  ])('%p reads %j as %j', (parse, text, value) => {
    expect(parse(text)).toEqual(value)
  })

  test.each([
    [parseSteps, ['0', '-1', '2.5', '', ' ', 'many', 'NaN', 'Infinity', '99999999999999999999']],
    [parseCount, ['0', '1.5', '']],
    [parseSeed, ['-1', '0.5', '', '1e400']],
    [parseGuidance, ['-0.1', '', 'NaN', 'Infinity', 'strong']],
    [parseSize, ['', '0', '64x', 'x64', '64x0', '-64', '64.5', '64x64x64', 'big']],
  ])('%p refuses %j', (parse, texts) => {
    for (const text of texts)
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'commander.invalidArgument' }))
  })
})
