/** The readers of images, and of the text in PNG files. */
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { CLIPImageProcessor, Image, loadImage, readPngText } from '../../index'
import { changed, damage, damaged, jsonFile, mostly, pointerFile, spoiled, tinyPng } from '../inputs'
import { type Reader, reader, write } from '../reader'

const textChunk = fc.tuple(
  fc.constantFrom('tEXt', 'zTXt', 'iTXt', 'iCCP', 'eXIf', 'PLTE', 'acTL'),
  fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(Buffer.from('k\0\0\0\0\0text'))),
)
const pngFile = fc.oneof(
  damaged(tinyPng(4, 4, [])),
  fc
    .tuple(
      fc.constantFrom(0, 1, 4, 64, 5000, 2 ** 31 - 1, 2 ** 32 - 1),
      fc.constantFrom(0, 1, 4, 64, 20_000, 2 ** 32 - 1),
      fc.array(textChunk, { maxLength: 3 }),
    )
    .map(([width, height, chunks]) => tinyPng(width, height, chunks)),
)
const SMALLEST = [
  'R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==',
  'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=',
].map(text => Buffer.from(text, 'base64'))
const file = fc.oneof(
  pngFile,
  ...SMALLEST.map(damaged),
  fc.uint8Array({ maxLength: 200 }),
  fc.constant(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
  pointerFile,
)

const FORMATS = ['png', 'jpeg', 'webp', 'gif', 'tiff', 'avif'] as const
type Format = (typeof FORMATS)[number]
const real = fc.tuple(fc.constantFrom(...FORMATS), fc.boolean(), damage)
const files = new Map<string, Promise<Buffer>>()

/** A right file, with metadata, and with opacity or in gray. */
function realFile(format: Format, isGray: boolean): Promise<Buffer> {
  const key = `${format} ${isGray}`
  const make = () => {
    const data = Uint8Array.from({ length: 24 * 16 * 4 }, (_, i) => (i * 37) % 256)
    const image = sharp(data, { raw: { width: 24, height: 16, channels: 4 } })
    const kind = isGray ? image.flatten().grayscale() : image
    return kind.withMetadata({ orientation: 6 }).toFormat(format).toBuffer()
  }
  const made = files.get(key) ?? make()
  files.set(key, made)
  return made
}

const load = (bytes: Uint8Array, folder: string) =>
  Image.load(join(write(folder, { x: bytes }), 'x'), { maxPixels: 2 ** 20 })

const PROCESSOR = {
  do_resize: true,
  size: { shortest_edge: 8 },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: 8, width: 8 },
  rescale_factor: 0.004,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.3, 0.3, 0.3],
  do_convert_rgb: true,
}

/** Read images, and the settings that they are prepared with. */
export const imageReaders: readonly Reader<unknown>[] = [
  reader('png-text', pngFile, async (bytes, folder) => readPngText(bytes, folder)),
  reader('image', file, load),
  reader('image-processor', mostly(JSON.stringify(PROCESSOR), jsonFile(spoiled(PROCESSOR))), (text, folder) =>
    CLIPImageProcessor.fromPretrained(write(folder, { 'preprocessor_config.json': text })),
  ),
  reader('rgb-image', file, (bytes, folder) =>
    loadImage(join(write(folder, { x: bytes }), 'x'), { maxPixels: 2 ** 20 }),
  ),
  reader('image-format', real, async ([format, isGray, changes], folder) => {
    await load(changed(await realFile(format, isGray), changes), folder)
  }),
]
