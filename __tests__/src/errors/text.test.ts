import { ConfigError } from '../../../components/configs/config-error'
import { ComponentLoadError } from '../../../src/errors/component-load-error'
import { PipelineValidationError } from '../../../src/errors/pipeline-validation-error'
import { kindOf, nameList, pathText, shownLines, shownNames } from '../../../src/errors/text'
import { UnsafeSerializationError } from '../../../src/errors/unsafe-serialization-error'

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

describe('long lists', () => {
  const items = (count: number) => Array.from({ length: count }, (_, i) => `item ${i}`)

  test('show ten lines and a count', () => {
    expect(shownLines(items(10))).toEqual(items(10))
    expect(shownLines(items(11))).toEqual([...items(10), '… and 1 more'])
    expect(shownNames(items(2))).toBe('"item 0" and "item 1"')
    expect(shownNames(items(13))).toMatch(/"item 9" and 3 more$/)
  })

  test.each([
    [
      'a config',
      (count: number) =>
        new ConfigError(
          'UNet',
          items(count).map(key => ({ key, problem: 'is wrong' })),
          'c',
        ),
    ],
    ['components', (count: number) => new ComponentLoadError(new Map(items(count).map(name => [name, 'gone'])), 'x')],
    [
      'a pipeline',
      (count: number) => new PipelineValidationError(items(count).map(() => new UnsafeSerializationError())),
    ],
  ])('are short in errors about %s', (_, errorOf) => {
    expect(errorOf(40).message.split('\n')).toHaveLength(12)
    expect(errorOf(40).message).toMatch(/… and 30 more$/)
    expect(errorOf(3).message).not.toContain('more')
  })
})
