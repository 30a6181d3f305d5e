/** Blocks that show what they were called with: pictures of one colour, painted over what a mask leaves free. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import {
  Block,
  Image,
  type In,
  Input,
  instance,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
} from '../../../index'

/** Draws the grey of `strength` over the picture, where the mask is white. */
@Block({ description: 'Paints over pictures.' })
export class Paint extends ModularPipelineBlocks {
  @Input(z.string()) prompt!: In<string, 'required'>
  @Input(z.string().optional()) negativePrompt!: In<string | undefined>
  @Input(instance(Image).optional()) image!: In<Image | undefined>
  @Input(instance(Image).optional()) maskImage!: In<Image | undefined>
  /** Becomes the first value of the picture. */
  @Input(z.int().min(0).optional()) paddingMaskCrop!: In<number | undefined>
  @Input(z.number().min(0).max(1).default(0.8)) strength!: In<number>
  @Input(z.int().min(1).default(4)) width!: In<number>
  @Input(z.int().min(1).default(4)) height!: In<number>
  @Input(z.int().min(1).default(1)) numImagesPerPrompt!: In<number>
  @Input(z.int().min(1).default(3)) numInferenceSteps!: In<number>
  @Input(z.number().default(7)) guidanceScale!: In<number>
  @Output(z.array(instance(Image))) images!: Out<Image[]>

  async run() {
    if (this.prompt === 'fail') throw new Error('no file at /home/somebody/models/secret.bin')
    if (this.prompt === 'slow') await sleep(60_000, undefined, { signal: this.context.signal as AbortSignal })
    const { width, height } = this.image ?? this
    const data = new Uint8Array(3 * width * height).fill(Math.round(this.strength * 100))
    const { image, maskImage } = this
    for (let i = 0; i < data.length; i++) {
      const [pixel, channel] = [Math.floor(i / 3), i % 3]
      const isKept = maskImage !== undefined && (maskImage.data[pixel * maskImage.channels] as number) < 128
      if (isKept && image) data[i] = image.data[pixel * image.channels + channel] as number
    }
    if (this.paddingMaskCrop !== undefined) data[0] = this.paddingMaskCrop
    this.images = Array.from({ length: this.numImagesPerPrompt }, () => new Image({ width, height, channels: 3, data }))
  }
}

/** Draws, and takes no pictures. */
@Block({ description: 'Draws from texts alone.' })
export class DrawText extends ModularPipelineBlocks {
  @Input(z.string()) prompt!: In<string, 'required'>
  @Input(z.enum(['plain', 'a1111']).default('plain')) promptSyntax!: In<string>
  @Output(z.array(instance(Image))) images!: Out<Image[]>

  run() {
    const grey = this.promptSyntax === 'a1111' ? 200 : 0
    this.images = [new Image({ width: 1, height: 1, channels: 3, data: new Uint8Array(3).fill(grey) })]
  }
}

/** Shows a preview of one grey at each step, and waits for long at one of them. */
@Block({ description: 'Shows previews.' })
class ShowPreview extends ModularPipelineBlocks {
  @Output(z.array(instance(Image))) images!: Out<Image[]>

  @LoopStep({ variables: ['i'] })
  async step({ i, waits }: { i: number; waits: boolean }) {
    const image = new Image({ width: 1, height: 1, channels: 3, data: new Uint8Array(3).fill(i) })
    this.images = [image]
    await this.context.preview(async () => [image])
    if (waits) await sleep(60_000, undefined, { signal: this.context.signal as AbortSignal })
  }
}

/** Has a preview at the tenth step that clients of AUTOMATIC1111 see, and stays at the next. */
@Block({ description: 'Iterates.' })
export class DrawSlowly extends LoopSequentialPipelineBlocks {
  @Input(z.string()) prompt!: In<string, 'required'>

  @LoopStep() show = ShowPreview

  async run() {
    for (let i = 1; i <= 12; i++) await this.loopStep({ i, waits: i === 11 }, { total: 12 })
  }
}
