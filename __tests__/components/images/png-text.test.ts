import fc from 'fast-check'
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
