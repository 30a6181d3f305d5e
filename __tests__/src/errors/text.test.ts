import { kindOf, nameList, pathText } from '../../../src/errors/text'

test.each([
  [null, 'null'],
  [undefined, 'nothing'],
  ['red apple', 'the string "red apple"'],
  [5, 'the number 5'],
  [Number.NaN, 'the number NaN'],
  [10n, 'the bigint 10'],
  [Symbol('s'), 'the symbol Symbol(s)'],
  [true, 'the boolean true'],
  [[1, 2], 'an array of 2'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [new Date(0), 'an instance of Date'],
  [{ shape: [1, 8] }, 'Object [1,8]'],
  [class Image {}, 'the function Image'],
  [() => 1, 'a function'],
])('kindOf(%p) is %s', (value, words) => {
  expect(kindOf(value)).toBe(words)
})

test('kindOf repeats the beginning of a long text alone', () => {
  expect(kindOf('x'.repeat(1000))).toBe(`the string "${'x'.repeat(80)}…"`)
})

test('nameList quotes and joins names', () => {
  expect(nameList([])).toBe('none')
  expect(nameList(['a'])).toBe('"a"')
  expect(nameList(['a', 'b', 'c'])).toBe('"a", "b" and "c"')
})

test('pathText joins the names of blocks', () => {
  expect(pathText(['denoise', 'update'])).toBe('denoise > update')
  expect(pathText([])).toBe('the pipeline')
  expect(pathText([], 'the top')).toBe('the top')
})
