/** The check of prose: what it reads, and what it finds. */
import { BANNED_FORMS } from '../../plain-words/banned-forms'
import { checkFile, MOST_WORDS, MOST_WORDS_OF_PAGES, passagesOf } from '../../plain-words/check'
import { sentencesOf, wordCount } from '../../plain-words/sentences'

const words = (count: number) => Array.from({ length: count }, () => 'word').join(' ')

/** Findings of a file, as `line: message`. */
const findings = (file: string, text: string) => checkFile(file, text).map(({ line, message }) => `${line}: ${message}`)

describe('a page', () => {
  test('is read paragraph by paragraph, without its code', () => {
    const page = [
      '# Draw `x` now',
      '',
      'One `code`.',
      '',
      '```ts',
      'no prose',
      '```',
      '',
      '- item',
      '',
      '| a | b |',
      '|---|---|',
      '| c | d |',
    ]
    expect(passagesOf('a.md', page.join('\n')).map(({ line, kind, text }) => [line, kind, text])).toEqual([
      [1, 'heading', 'Draw ⟦name⟧ now'],
      [3, 'paragraph', 'One ⟦name⟧.'],
      [9, 'paragraph', 'item'],
      [11, 'cell', 'a'],
      [11, 'cell', 'b'],
      [13, 'cell', 'c'],
      [13, 'cell', 'd'],
    ])
  })

  test('may have sentences of 25 words, and no longer ones', () => {
    expect(findings('a.md', `Short.\n\n${words(MOST_WORDS_OF_PAGES)}.`)).toEqual([])
    expect(findings('a.md', `Short.\n\n${words(MOST_WORDS_OF_PAGES + 1)}.`)).toEqual([
      expect.stringMatching(/^3: A sentence of 26 words \(at most 25\)/),
    ])
  })

  test('may have paragraphs of four lines, and no longer ones', () => {
    const sentence = `${'x'.repeat(58)}.`
    expect(findings('a.md', `${sentence} `.repeat(7).trim())).toEqual([])
    expect(findings('a.md', `${sentence} `.repeat(9).trim())).toEqual([
      '1: A paragraph of 5 lines (at most 4 of 120 columns). Split it, or make it a list.',
    ])
  })

  test('names what to write in place of a banned form, and leaves code alone', () => {
    expect(findings('a.md', 'Tensors are given back.')).toEqual([
      '1: "given back": write "return", "release" or "dispose": Tensors are given back.',
    ])
    expect(findings('a.md', 'The key `given back` is old.')).toEqual([])
  })
})

describe('a source file', () => {
  test('may have sentences of 30 words, and no longer ones', () => {
    expect(findings('a.ts', `// ${words(MOST_WORDS)}.`)).toEqual([])
    expect(findings('a.ts', `// ${words(MOST_WORDS + 1)}.`)).toEqual([
      expect.stringMatching(/^1: A sentence of 31 words \(at most 30\)/),
    ])
  })

  test('is read in its comments, with the line of each tag', () => {
    const source = [
      '/**',
      ' * Draws. See {@link Other}.',
      ' *',
      ' * @param x - who lets go',
      ' * @throws AError if a is missing; BError if b is missing',
      ' */',
      'export const draw = (x: number) => x // and goes on',
      '',
      '// First,',
      '// then second.',
      'export const other = 1',
    ]
    expect(passagesOf('a.ts', source.join('\n')).map(({ line, text }) => [line, text])).toEqual([
      [2, 'Draws. See ⟦name⟧.'],
      [4, 'who lets go'],
      [5, 'AError if a is missing'],
      [5, 'BError if b is missing'],
      [7, 'and goes on'],
      [9, 'First, then second.'],
    ])
  })

  test('is read in its messages, whose values are names', () => {
    const source = ['throw new Error(`the file $', "{name} is not there. ` + 'Pass the one that is there.')"].join('')
    expect(passagesOf('a.ts', source).map(({ text }) => text)).toEqual([
      'the file ⟦name⟧ is not there. Pass the one that is there.',
    ])
    expect(findings('a.ts', source)).toEqual([expect.stringContaining('write "exists", "is present"')])
  })

  test('of tests is read in the names of tests alone', () => {
    const source = "describe('a run', () => {\n  test.each([1])('is told %s', () => show('it is told all of this'))\n})"
    expect(passagesOf('__tests__/a.test.ts', source).map(({ line, kind, text }) => [line, kind, text])).toEqual([
      [1, 'test name', 'a run'],
      [2, 'test name', 'is told %s'],
    ])
  })
})

describe('sentences', () => {
  test('end at a full stop, not at an abbreviation, a number or a name of a file', () => {
    expect(sentencesOf('Use a.ts, e.g. B. It takes 0.5 s (see C). Good! `x` is next? Yes.')).toEqual([
      'Use a.ts, e.g. B. It takes 0.5 s (see C).',
      'Good!',
      '`x` is next?',
      'Yes.',
    ])
    expect(sentencesOf('One. Two.')).toEqual(['One.', 'Two.'])
  })

  test('count names in a row once', () => {
    expect(wordCount('It throws ShapeMismatchError, ModelInputError and WeightsNotLoadedError.')).toBe(3)
    expect(wordCount('It – and only it – ends.')).toBe(5)
  })
})

describe('banned forms', () => {
  test.each([
    ['There is no file.', []],
    ['A UNet is no longer needed.', []],
    ['Nothing else is read.', []],
    ['The two are told apart.', []],
    ['It is no part of this.', ['is not a …']],
    ['Pass it, else it fails.', ['otherwise']],
    ['What else is read?', ['otherwise']],
    ['It ends if there is none.', ['is missing']],
    ['Other signs are escaped.', ['character']],
    ['It is a circle.', ['cycle']],
    ['The run goes on.', ['continue']],
  ])('%s', (text, expected) => {
    const found = BANNED_FORMS.filter(({ form }) => form.test(text)).map(({ write }) => write)
    expect(found).toEqual(expected.map(word => expect.stringContaining(word)))
  })
})
