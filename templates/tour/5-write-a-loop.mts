import {
  Block,
  bundledModel,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  StableDiffusionTextToImageBlocks,
  tf,
} from 'tesserae'

@Block({
  description:
    'Mirrors the pixels to the right and down, which doubles width and height.',
})
class Mirror extends ModularPipelineBlocks {
  @Input() @Output() pixels!: InOut<tf.Tensor4D, 'required'>

  @LoopStep()
  step() {
    const row = tf.concat([this.pixels, this.pixels.reverse(2)], 2)
    this.pixels = tf.concat([row, row.reverse(1)], 1)
  }
}

@Block({ description: 'Makes a pattern of the pixels.' })
class MakePattern extends LoopSequentialPipelineBlocks {
  @Input({ default: 2 }) repeats!: In<number>

  @LoopStep() mirror = Mirror

  async run() {
    for (let i = 0; i < this.repeats; i++)
      await this.loopStep({ i }, { total: this.repeats })
  }
}

const blocks = new StableDiffusionTextToImageBlocks().insert(
  'makePattern',
  MakePattern,
  -1,
)
const pipe = blocks.initPipeline(bundledModel('emoji'))
await pipe.loadComponents()

// Cancels the call after ten steps of the denoising loop, and saves the run.
const stop = new AbortController()
function cancelAfterTenSteps(event: PipelineEvent) {
  if (event.type === 'loopStep' && event.step === 10) stop.abort()
}
try {
  const inputs = { prompt: 'pink mushroom', guidanceScale: 4, numInferenceSteps: 25 }
  await pipe(inputs, {
    seed: 1,
    signal: stop.signal,
    onEvent: cancelAfterTenSteps,
    keepStateOnAbort: true,
  })
} catch (error) {
  if (!(error instanceof PipelineAbortError)) throw error
  console.log(`Cancelled in ${error.path.join(' > ')}.`)
  await error.state.save('5-write-a-loop.safetensors')
}

// Another process could do this: load the run, and finish it.
const state = await PipelineState.load('5-write-a-loop.safetensors')
const [image] = await pipe({}, { state, resume: true, output: 'images' })
await image?.save('5-write-a-loop.png')
