/** What a model knows of a prompt: the bundled model's vocabulary, and small ones. */
import { join } from 'node:path'
import fc from 'fast-check'
import { PromptVocabulary } from '../../../components/vocabulary/prompt-vocabulary'
import { readVocabulary } from '../../../components/vocabulary/vocabulary-files'
import { emojiFolder } from '../../blocks/use-emoji-model'

let emoji: PromptVocabulary
beforeAll(async () => {
  emoji = (await readVocabulary(join(emojiFolder, 'tokenizer'))) as PromptVocabulary
})

describe('the vocabulary of the bundled model', () => {
  test('knows each of its names, and each colour with each name that takes one', () => {
    for (const name of emoji.names) expect(emoji.check(name).unknown).toEqual([])
    for (const { words, names } of emoji.modifiers)
      for (const word of words)
        for (const name of names) {
          const { unknown, names: found } = emoji.check(`${word} ${name}`)
          expect([unknown, found.length]).toEqual([[], 1])
        }
  })

  test.each([
    'red apple',
    'An emoji of a RED APPLE!',
    'blue car.',
    'Christmas tree',
    'christmas tree',
    "man's shoe",
    'T-Rex',
    't rex',
    'jack o lantern',
    'face with tears of joy',
    'piñata',
    'pin\u0303ata',
    '',
    '  …!? ',
  ])('knows %j', prompt => {
    expect(emoji.check(prompt).unknown).toEqual([])
  })

  test.each([
    ['red aple', [{ word: 'aple', nearest: ['red apple', 'apple', 'green apple'] }]],
    ['🍎', [{ word: '🍎', nearest: ['red apple'] }]],
    ['❤️', [{ word: '❤', nearest: ['red heart'] }]],
    ['a big cat', [{ word: 'big' }]],
    ['cats', [{ word: 'cats', nearest: expect.arrayContaining(['cat']) }]],
    ['blue elephant', [{ word: 'blue elephant', nearest: ['elephant'] }]],
    ['りんご', [{ word: 'りんご', nearest: [] }]],
    ['👨‍👩‍👧', [{ word: '👨‍👩‍👧' }]],
    ['toString __proto__', [{ word: 'tostring' }, { word: 'proto' }]],
  ])('does not know all of %j', (prompt, unknown) => {
    expect(emoji.check(prompt).unknown).toMatchObject(unknown)
  })

  test.each([
    ['cat & dog', ['cat', 'dog']],
    ['blue apple, green car', ['blue apple', 'green car']],
    ['fire truck', ['fire truck']],
  ])('finds the names in %j', (prompt, names) => {
    expect(emoji.check(prompt)).toEqual({ unknown: [], names })
  })

  test('takes any text, and reports a bounded number of words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), prompt => {
        expect(emoji.check(prompt).unknown.length).toBeLessThanOrEqual(10)
      }),
      { numRuns: 200 },
    )
    expect(emoji.check('abc '.repeat(100_000)).unknown).toHaveLength(1)
  })
})

test('a vocabulary of names alone knows any size and any number of names', () => {
  const vocabulary = new PromptVocabulary({ names: ['cat'] })
  expect(vocabulary.knowsSize(512, 96)).toBe(true)
  expect(vocabulary.maxNames).toBeUndefined()
  expect(vocabulary.check('cat cat')).toEqual({ unknown: [], names: ['cat'] })
})
