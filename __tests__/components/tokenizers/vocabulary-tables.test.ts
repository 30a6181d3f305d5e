import { InvalidTokenizerError } from '../../../components/tokenizers/invalid-tokenizer-error'
import { mergesLoop, mergesTextLoop, vocabLoop } from '../../../components/tokenizers/vocabulary-tables'
import { runAtOnce } from '../../../src/runtime/time-slice'

describe('vocabLoop', () => {
  test('takes a token of any name', () => {
    const vocab = JSON.parse('{"__proto__": 1, "constructor": 0, "": 2}')
    expect(runAtOnce(vocabLoop('f', '', vocab))).toBe(vocab)
  })

  test.each([
    [[], 'the file: Invalid input: expected record.'],
    [{ a: 'one' }, 'a: '],
    [{ a: -1 }, 'a: '],
    [{ a: 0.5 }, 'a: '],
    [{ a: 20_000_001 }, 'a: '],
    [{ ['x'.repeat(1001)]: 1 }, 'longer than 1000'],
  ])('refuses a wrong table %#', (value, message) => {
    const check = () => runAtOnce(vocabLoop('vocab.json', '', value))
    expect(check).toThrow(InvalidTokenizerError)
    expect(check).toThrow(message)
  })

  test('names the place in the file', () => {
    expect(() => runAtOnce(vocabLoop('f', 'model.vocab.', null))).toThrow('model.vocab: ')
    expect(() => runAtOnce(vocabLoop('f', 'model.vocab.', { a: null }))).toThrow('model.vocab.a: ')
  })

  test('pauses in large tables', () => {
    const vocab = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`x${i}`, i]))
    expect([...vocabLoop('f', '', vocab)].length).toBeGreaterThan(10)
  })
})

describe('mergesLoop', () => {
  test('reads pairs and texts', () => {
    expect(runAtOnce(mergesLoop('f', 'model.merges', ['a b', ['c', 'd</w>']]))).toEqual([
      ['a', 'b'],
      ['c', 'd</w>'],
    ])
  })

  test.each([
    [undefined, 'model.merges: '],
    [['a b', 'c'], 'model.merges.1: '],
    [['a b c'], 'model.merges.0: '],
    [[['a', 1]], 'model.merges.0: '],
  ])('refuses %j', (value, message) => {
    expect(() => runAtOnce(mergesLoop('f', 'model.merges', value))).toThrow(message)
  })
})

describe('mergesTextLoop', () => {
  test('reads lines of two pieces', () => {
    expect(runAtOnce(mergesTextLoop('f', '#version: 0.2\r\na b\n\nc d</w>'))).toEqual([
      ['a', 'b'],
      ['c', 'd</w>'],
    ])
  })

  test.each(['ab', 'a  b', 'a b c', 'a ', ' b'])('refuses the line %j', line => {
    expect(() => runAtOnce(mergesTextLoop('merges.txt', `a b\n${line}`))).toThrow('line 2 must be two pieces')
  })
})
