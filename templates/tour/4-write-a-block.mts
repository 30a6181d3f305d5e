import {
  Block,
  bundledModel,
  type InOut,
  Input,
  ModularPipelineBlocks,
  makeImageGrid,
  Output,
  StableDiffusionTextToImageBlocks,
  type tf,
} from 'tesserae'

// The decorated fields are what a block takes and returns.
@Block({ description: 'Adds one to x.' })
class Increment extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number, 'required'>

  run() {
    this.x += 1
  }
}

// A block is a pipeline of its own.
console.log('1 + 1 =', await new Increment().initPipeline()({ x: 1 }, { output: 'x' }))

@Block({ description: 'Exchanges red and blue.' })
class ExchangeColours extends ModularPipelineBlocks {
  // [batch, height, width, 3]
  @Input() @Output() pixels!: InOut<tf.Tensor4D, 'required'>

  run() {
    this.pixels = this.pixels.reverse(3)
  }
}

// The index counts from the end: the new block runs before the last one, which turns pixels into pictures.
const blocks = new StableDiffusionTextToImageBlocks().insert(
  'exchangeColours',
  ExchangeColours,
  -1,
)
const pipe = blocks.initPipeline(bundledModel('emoji'))
await pipe.loadComponents()
const inputs = {
  prompt: ['red apple', 'rocket'],
  guidanceScale: 4,
  numInferenceSteps: 25,
}
const images = await pipe(inputs, { output: 'images', seed: 1 })
await makeImageGrid(images, { columns: 2 }).save('4-write-a-block.png')
