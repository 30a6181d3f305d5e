/** Lets states be saved to files, with tensors, generators and images: loading this module makes them known. */
import { z } from 'zod'
import { registerValueKind, SavedArray, type ValueKind } from '../../src'
import { Image } from '../images/image'
import { Generator } from '../random/generator'
import { registerStateFiles } from './state-storage'
import { tensorKind } from './tensor-kind'

/** Continues at its place in the stream. */
const generatorKind: ValueKind<Generator> = {
  name: 'Generator',
  is: (value): value is Generator => value instanceof Generator,
  save: generator => generator.getState(),
  load: state => new Generator(0).setState(z.instanceof(Uint8Array).parse(state)),
}

// Strict: a tensor that it holds beside them would belong to nobody.
const savedImageSchema = z.strictObject({ pixels: z.instanceof(SavedArray) })

const imageKind: ValueKind<Image> = {
  name: 'Image',
  is: (value): value is Image => value instanceof Image,
  save({ width, height, channels, data }) {
    return { pixels: new SavedArray('U8', [height, width, channels], data) }
  },
  load(saved) {
    const { dtype, shape, data } = savedImageSchema.parse(saved).pixels
    const [height = 0, width = 0, channels] = shape
    if (dtype !== 'U8' || shape.length !== 3) throw new Error('the pixels of an image must be U8 with 3 dimensions')
    // The constructor refuses other numbers of channels.
    return new Image({
      width,
      height,
      channels: channels as 1 | 3 | 4,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })
  },
}

registerStateFiles()
registerValueKind(tensorKind)
registerValueKind(generatorKind)
registerValueKind(imageKind)
