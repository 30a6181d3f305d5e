/** Long texts and many texts: encoded in pieces, with the ids of the whole. */
import { join } from 'node:path'
import { tokenizerLoop } from '../../../components/tokenizers/bpe-tables'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { readCLIPTokenizerFiles } from '../../../components/tokenizers/clip-tokenizer-files'
import { encodeLongWord, type MergeTables } from '../../../components/tokenizers/long-word'
import { textPieces } from '../../../components/tokenizers/text-pieces'
import { tokensOfText } from '../../../components/tokenizers/tokens-of-text'
import { runAtOnce } from '../../../src/runtime/time-slice'
import { ticksDuring } from '../../src/runtime/ticks-during'

const EMOJI = join(__dirname, '../../../models/emoji/tokenizer')
const plain = { hasTokensWithSpaces: false, isTruncated: false }

let tokenizer: CLIPTokenizer
beforeAll(async () => {
  tokenizer = await CLIPTokenizer.fromPretrained(EMOJI)
})

const WORDS = [
  'Apple',
  "it's",
  '<|endoftext|>',
  '<|ENDOFTEXT|>',
  'ΣΟΦΟΣ',
  '\u0301e\u0301',
  '赤いりんご',
  '🍎🚀',
  '12,345',
  '--',
  'a\ufeffb',
]
const SPACES = [' ', '\n', '\t\t', '  ', ' \r\n']
const long = Array.from({ length: 2000 }, (_, i) => WORDS[(i * 7) % WORDS.length] + (SPACES[i % 5] as string)).join('')

describe('textPieces', () => {
  test('cuts behind white space', () => {
    const pieces = [...textPieces(long, plain)]
    expect(pieces.join('')).toBe(long)
    expect(pieces.length).toBeGreaterThan(20)
    for (const piece of pieces.slice(0, -1)) expect(piece).toMatch(/[ \t\r\n]$/)
  })

  test.each(['', 'apple', 'x'.repeat(30_000), '🍎'.repeat(20_000)])(
    'does not cut text %# without white space',
    text => {
      expect([...textPieces(text, plain)].map(piece => piece === text)).toEqual([true])
    },
  )

  test('does not cut where tokens hold white space', () => {
    expect([...textPieces(long, { ...plain, hasTokensWithSpaces: true })].length).toBe(1)
  })

  test('cuts endless words between characters if only the beginning counts', () => {
    const text = `x${'🍎'.repeat(20_000)}`
    const pieces = [...textPieces(text, { ...plain, isTruncated: true })]
    expect(pieces.join('')).toBe(text)
    expect(Math.max(...pieces.map(piece => piece.length))).toBeLessThanOrEqual(10_001)
    for (const piece of pieces) expect(piece).not.toMatch(/[\ud800-\udfff]/u)
  })
})

/** The same characters in each run. */
function randomText(length: number, alphabet: readonly string[], seed: number): string {
  let state = seed
  const characters = Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return alphabet[(state >>> 8) % alphabet.length] as string
  })
  return characters.join('')
}

const ALPHABETS = ['aeinrst', 'ab', 'abcdefghijklmnopqrstuvwxyz', 'aé日🍎', "!?'-🍎\ufeff"].map(text =>
  Array.from(text),
)

describe('encodeLongWord', () => {
  test("gives 500 random words the tokens of the library's encoding", async () => {
    const library = runAtOnce(tokenizerLoop(await readCLIPTokenizerFiles(EMOJI)))
    const tables = library.model as unknown as MergeTables
    for (let i = 0; i < 500; i++) {
      const alphabet = ALPHABETS[i % 2 ? 0 : i % 3] as string[]
      const word = randomText(1 + ((i * 37) % 1500), alphabet, i)
      expect(runAtOnce(encodeLongWord(word, tables, '?'))).toEqual(library.model?.([word]))
    }
    const unknown = library.model?.(['日']) as string[]
    expect(runAtOnce(encodeLongWord('日', tables, unknown[0] as string))).toEqual(unknown)
    expect(runAtOnce(encodeLongWord('', tables, '?'))).toEqual([])
  })
})

describe('tokensOfText', () => {
  test.each(ALPHABETS.map(alphabet => [alphabet.join('')]))(
    'gives texts of %s the tokens of the library',
    async text => {
      const library = runAtOnce(tokenizerLoop(await readCLIPTokenizerFiles(EMOJI)))
      const alphabet = Array.from(text)
      for (const also of [[], [',', '1', ' ', "'s", '<|endoftext|>']]) {
        const long = randomText(5000, [...alphabet, ...also], text.length)
        const expected = library.model?.(library.pre_tokenizer?.(long) as string[])
        expect(runAtOnce(tokensOfText(long, library, '<|endoftext|>'))).toEqual(expected)
      }
    },
  )

  test.each([
    ['one word', (length: number) => 'x'.repeat(length)],
    ['a random word', (length: number) => randomText(length, ALPHABETS[2] as string[], 1)],
    ['words without spaces', (length: number) => 'a,'.repeat(length / 2)],
    ['digits', (length: number) => '1'.repeat(length)],
    ['emoji', (length: number) => '🍎'.repeat(length / 2)],
  ])('pauses often in a long text: %s', async (_, make) => {
    const library = runAtOnce(tokenizerLoop(await readCLIPTokenizerFiles(EMOJI)))
    const pausesOf = (length: number) => [...tokensOfText(make(length), library, '?')].length
    const pauses = pausesOf(20_000)
    expect(pauses).toBeGreaterThan(50)
    expect(pausesOf(40_000)).toBeGreaterThan(1.8 * pauses)
  })

  test('lets timers run while it encodes a word of a megabyte', async () => {
    const word = randomText(2 ** 20, ALPHABETS[2] as string[], 2)
    expect(await ticksDuring(() => tokenizer.encodeAsync(word))).toBeGreaterThan(50)
  })
})

describe('CLIPTokenizer', () => {
  test('gives a long text the ids of its words', () => {
    const words = long.split(/[ \t\r\n]+/).filter(word => word !== '')
    const ofWords = words.flatMap(word => tokenizer.encode(word, { addSpecialTokens: false }).inputIds[0] ?? [])
    expect(tokenizer.encode(long, { addSpecialTokens: false }).inputIds).toEqual([ofWords])
  })

  test('reads no more of a long text than a truncated row holds', () => {
    const whole = tokenizer.encode(long).inputIds[0] as number[]
    const { inputIds, truncated } = tokenizer.encode(long, { truncation: true })
    expect(inputIds).toEqual([[...whole.slice(0, 23), tokenizer.eosTokenId]])
    expect(truncated).toEqual([tokenizer.decode(whole.slice(23, 223))])
    // The whole of it would take minutes.
    const endless = tokenizer.encode([long.repeat(10_000), 'x'.repeat(100_000_000)], { truncation: true })
    expect(endless.inputIds[0]).toEqual(inputIds[0])
  })

  test('encodes hundreds of thousands of texts', () => {
    const { inputIds } = tokenizer.encode(new Array<string>(200_000).fill(''), { padding: 'longest' })
    expect(inputIds.length).toBe(200_000)
  })

  test('encodes in slices as at once, and timers run meanwhile', async () => {
    const texts = Array.from({ length: 2000 }, (_, i) => `apple number ${i}`)
    const options = { padding: 'max_length', truncation: true } as const
    let encoded: unknown
    const ticks = await ticksDuring(async () => {
      encoded = await tokenizer.encodeAsync(texts, options)
    })
    expect(encoded).toEqual(tokenizer.encode(texts, options))
    expect(ticks).toBeGreaterThan(2)
  })

  test('stops at an abort', async () => {
    const controller = new AbortController()
    setImmediate(() => controller.abort(new Error('stopped')))
    const text = long.repeat(10_000)
    await expect(tokenizer.encodeAsync(text, { signal: controller.signal })).rejects.toThrow('stopped')
    await expect(tokenizer.encodeAsync('', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
      'before',
    )
  })
})
