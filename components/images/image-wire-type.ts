/** How pictures are sent as JSON: as base64 among inputs, by URL among outputs. Loading this module makes it known. */
import { registerWireType, type WireType } from '../../src'
import { kindOf } from '../../src/errors/text'
import { imageFileBytes } from './decode-image'
import { Image } from './image'
import { InvalidImageError } from './invalid-image-error'

const DATA_URL = /^data:image\/[a-z0-9.+-]{1,40};base64,/i
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

const imageWireType: WireType<Image> = {
  name: 'Image',
  input: {
    type: 'string',
    title: 'Image',
    contentMediaType: 'image/*',
    contentEncoding: 'base64',
  },
  output: {
    type: 'object',
    title: 'Image',
    properties: {
      url: { type: 'string', format: 'uri-reference' },
      width: { type: 'integer', minimum: 1 },
      height: { type: 'integer', minimum: 1 },
    },
    required: ['url', 'width', 'height'],
  },
  read(sent, limits) {
    if (typeof sent !== 'string')
      throw new InvalidImageError('Image', `expected a file in base64, got ${kindOf(sent)}.`)
    const base64 = sent.replace(DATA_URL, '')
    // Before the bytes are made.
    const most = Math.ceil((imageFileBytes(limits) * 4) / 3) + 4
    if (base64.length > most) {
      throw new InvalidImageError(
        'Image',
        `it has ${base64.length} characters of base64, but at most ${most} are read.`,
      )
    }
    if (base64.length === 0 || !BASE64.test(base64)) {
      throw new InvalidImageError('Image', 'it is not base64. Send a file as base64, or as data:image/png;base64,…')
    }
    return Image.load(Buffer.from(base64, 'base64'), limits)
  },
}

registerWireType(imageWireType)
