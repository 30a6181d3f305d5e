/** A pipeline that draws one pixel, for measuring what is done around the drawing. */
import {
  Block,
  Image,
  type In,
  Input,
  instance,
  type ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  Output,
} from 'tesserae'
import { z } from 'zod'

@Block({ description: 'Draws one pixel.' })
class DrawDot extends ModularPipelineBlocks {
  @Input(z.string()) prompt!: In<string, 'required'>
  @Output(z.array(instance(Image))) images!: Out<Image[]>

  run() {
    this.images = [new Image({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) })]
  }
}

/** Makes the pipeline. */
export function drawDot(): ModularPipeline<DrawDot> {
  return new DrawDot().initPipeline()
}
