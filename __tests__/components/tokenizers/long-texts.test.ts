/** Long texts and many texts: encoded in pieces, with the ids of the whole. */
import { join } from 'node:path'
import { CLIPTokenizer } from '../../../components/tokenizers/clip-tokenizer'
import { textPieces } from '../../../components/tokenizers/text-pieces'

const plain = { hasTokensWithSpaces: false, isTruncated: false }

let tokenizer: CLIPTokenizer
beforeAll(async () => {
  tokenizer = await CLIPTokenizer.fromPretrained(join(__dirname, '../../../models/emoji/tokenizer'))
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
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const encoded = await tokenizer.encodeAsync(texts, options)
    clearInterval(timer)
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
