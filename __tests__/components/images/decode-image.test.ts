import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { crc32 } from '../../../components/images/crc32'
import { Image } from '../../../components/images/image'
import { imageFormatOf } from '../../../components/images/image-format'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { readPngText } from '../../../components/images/png-text'
import { countingImage } from './pictures'

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length)
  whole.set(body, 4)
  whole.writeUInt32BE(crc32(body), body.length + 4)
  return whole
}

/** A black PNG file of one bit a pixel, which takes few bytes whatever its size. */
function blackPng(width: number, height: number, ...others: Buffer[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header[8] = 1
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height)
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const chunks = [chunk('IHDR', header), ...others, chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([signature, ...chunks])
}

/** A compressed text of so many letters. */
const longText = (length: number, keyword = 'k') =>
  chunk('zTXt', Buffer.concat([Buffer.from(`${keyword}\0\0`), deflateSync(Buffer.alloc(length, 'a'))]))

const SVG = Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="5" height="4"/>')

test.each(['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const)('%s files are read', async format => {
  const bytes = await sharp(countingImage(6, 5).data, { raw: { width: 6, height: 5, channels: 3 } })
    .toFormat(format)
    .toBuffer()
  expect(imageFormatOf(bytes)).toBe(format)
  expect(await Image.load(bytes)).toMatchObject({ width: 6, height: 5 })
})

describe('pixels', () => {
  test('are 8192 × 8192 at most', async () => {
    const loading = Image.load(blackPng(16_000, 16_000))
    await expect(loading).rejects.toThrow(InvalidImageError)
    await expect(loading).rejects.toThrow(/16000 × 16000 pixels, but at most 67108864 .* maxPixels: 256000000/)
  })

  test('are as many as the caller allows', async () => {
    const bytes = blackPng(30, 20)
    await expect(Image.load(bytes, { maxPixels: 599 })).rejects.toThrow(/30 × 20 pixels, but at most 599/)
    expect(await Image.load(bytes, { maxPixels: 600 })).toMatchObject({ width: 30, height: 20 })
  })
})

describe('formats', () => {
  test('of drawings must be asked for', async () => {
    await expect(Image.load(SVG)).rejects.toThrow(/an image of the format svg, .*formats: \['svg'\]/)
    expect(await Image.load(SVG, { formats: ['svg'] })).toMatchObject({ width: 5, height: 4, channels: 4 })
  })

  test('are those that the caller allows', async () => {
    const loading = Image.load(blackPng(2, 2), { formats: ['jpeg', 'webp'] })
    await expect(loading).rejects.toThrow(/the format png, but expected "jpeg" and "webp"/)
  })

  test.each([
    ['PDF', '%PDF-1.7\n'],
    ['PostScript', '%!PS-Adobe-3.0 EPSF-3.0\n'],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['JPEG XL', '\xff\x0a\xfa'],
    ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
    ['FITS', 'SIMPLE  =                    T'],
    ['OpenEXR', 'v/1\x01\x02\0\0\0'],
    ['nothing', ''],
  ])('of other kinds are refused: %s', async (_, start) => {
    await expect(Image.load(Buffer.from(start.padEnd(100), 'latin1'))).rejects.toThrow(/not an image of a known format/)
  })
})

describe('texts in PNG files', () => {
  test('are not inflated where pixels are read', async () => {
    // Inflated, these are 400 MB.
    const texts = Array.from({ length: 8 }, (_, i) => longText(50_000_000, `k${i}`))
    expect(await Image.load(blackPng(3, 2, ...texts))).toMatchObject({ width: 3, height: 2 })
  })

  test('have 4 MiB at most', async () => {
    expect((await readPngText(blackPng(1, 1, longText(4_000_000)))).get('k')).toHaveLength(4_000_000)
    for (const file of [
      blackPng(1, 1, longText(5_000_000)),
      blackPng(1, 1, longText(3_000_000, 'a'), longText(3_000_000, 'b')),
      blackPng(1, 1, chunk('tEXt', Buffer.alloc(5_000_000, 'a').fill('k\0', 0, 2))),
    ])
      await expect(readPngText(file, 'a.png')).rejects.toThrow(InvalidImageError)
  })

  test.each([
    ['the file ends', (png: Buffer) => png.subarray(0, 50)],
    ['the checksum is wrong', (png: Buffer) => png.fill(0, 48, 49)],
    ['there is no keyword', () => blackPng(1, 1, chunk('tEXt', Buffer.from('x')))],
    ['the keyword is empty', () => blackPng(1, 1, chunk('iTXt', Buffer.from('\0\0\0\0\0x')))],
    ['the text is not compressed as it says', () => blackPng(1, 1, chunk('zTXt', Buffer.from('k\0\0xx')))],
  ])('are damaged where %s', async (_, damage) => {
    const png = blackPng(1, 1, chunk('tEXt', Buffer.from('key\0value')))
    await expect(readPngText(damage(png), 'a.png')).rejects.toThrow(/a\.png: cannot be read/)
  })
})
