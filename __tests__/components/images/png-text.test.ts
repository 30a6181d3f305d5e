import fc from 'fast-check'
import { computeCrc32, crc32 } from '../../../components/images/crc32'
import { Image } from '../../../components/images/image'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { InvalidPngTextError } from '../../../components/images/invalid-png-text-error'
import { addPngText, readPngText } from '../../../components/images/png-text'
import { countingImage } from './pictures'

/** `PIL.PngImagePlugin` wrote it, with a tEXt, a zTXt and a compressed iTXt chunk. */
const PILLOW_PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEHRFWHRwYXJhbWV0ZXJzAGEgY2F0vd75IAAAABh6VFh0bG9uZwAAeJyryiwoSE1RqCKTAgAMJxgNypAYdwAAACBpVFh0dW5pY29kZQABAAAAeJx7Nn3pszlrFD7Mn9kEAC0NBxtiz27oAAAAC0lEQVR4nGNgQAYAAA4AAamRc7EAAAAASUVORK5CYII=',
  'base64',
)

describe('PNG text', () => {
  test('is read as it was added', async () => {
    const png = await countingImage(2, 2).toPng()
    const keyword = fc.stringMatching(/^[!-~]{1,79}$/)
    const text = fc.string({ unit: 'grapheme', maxLength: 200 }).filter(value => !value.includes('\0'))
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keyword, text), async texts => {
        expect(await readPngText(addPngText(png, texts))).toEqual(new Map(Object.entries(texts)))
      }),
    )
  })

  test('leaves the picture as it is', async () => {
    const image = countingImage(6, 5)
    expect(await Image.load(await image.toPng({ tesserae: 'x'.repeat(100_000) }))).toEqual(image)
  })

  test('has the checksum that Node computes', () => {
    const bytes = Buffer.from('The quick brown fox, 日本')
    expect(computeCrc32(bytes)).toBe(crc32(bytes))
    expect(computeCrc32(Buffer.from('123456789'))).toBe(0xcbf43926)
  })

  test('is refused before its checksum is computed if its chunks are too long for the texts that are read', async () => {
    const png = await countingImage(2, 2).toPng()
    // Compressed chunks that say nothing at great length.
    const empty = Buffer.concat(new Array(10).fill(Buffer.alloc(2 ** 19)))
    const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from('zTXtnote\0\0'), empty, Buffer.alloc(4)])
    chunk.writeUInt32BE(chunk.length - 12, 0)
    const reading = readPngText(Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]))
    await expect(reading).rejects.toThrow(/more than 4194304 bytes of text/)
  })

  test('is written as the specification says, with its checksum', () => {
    const png = addPngText(Buffer.alloc(40), { seed: '7' })
    expect(png.subarray(33, -7).toString('hex')).toBe('0000000a69545874736565640000000000371a4ac09c')
  })

  test('is read from the chunks that Pillow writes', async () => {
    expect([...(await readPngText(PILLOW_PNG))]).toEqual([
      ['parameters', 'a cat'],
      ['long', 'zipped '.repeat(9)],
      ['unicode', '日本 🙂'],
    ])
  })

  test.each(['', ' seed', 'seed ', 'x'.repeat(80), 'a\0b', 'a\nb', '日本'])('cannot have the keyword %p', keyword => {
    expect(() => addPngText(Buffer.alloc(40), { [keyword]: 'x' })).toThrow(InvalidPngTextError)
  })

  test('cannot hold a null character', () => {
    expect(() => addPngText(Buffer.alloc(40), { seed: 'a\0b' })).toThrow(/"seed" has a text with a null character/)
  })

  test('is not read from other files', async () => {
    await expect(readPngText(Buffer.from('no image'))).rejects.toThrow(InvalidImageError)
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>')
    await expect(readPngText(svg)).rejects.toThrow(/expected a PNG file, got svg/)
  })
})
