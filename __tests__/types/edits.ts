/** What the compiler knows of blocks that were edited, of components and of states. Nothing here runs: each line marked below must be an error for the type check to pass. */
import { z } from 'zod'
import {
  AutoPipelineBlocks,
  type BlockSource,
  type BlockState,
  Branch,
  Component,
  ComponentSpec,
  type Components,
  Config,
  type In,
  type InOut,
  Input,
  InputParam,
  LoopSequentialPipelineBlocks,
  LoopStep,
  type ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  type OutFor,
  Output,
  OutputParam,
  type PipelineState,
  SequentialPipelineBlocks,
  Step,
} from '../../src'

class Scheduler {
  readonly config = { steps: 5 }
}

class UNet {
  readonly channels = 4
}

class Encode extends ModularPipelineBlocks {
  @Component(UNet) unet!: UNet
  @Input() prompt!: In<string, 'required'>
  @Output() embeds!: Out<number[]>
  run(): void {}
}

class Steps extends ModularPipelineBlocks {
  @Component(Scheduler) scheduler!: Scheduler
  @Config(z.boolean().default(true)) isFast!: boolean
  @Input(z.int().default(50)) steps!: In<number>
  @Output() timesteps!: Out<number[]>
  run(): void {}
}

class Finish extends ModularPipelineBlocks {
  @Input() embeds!: In<number[]>
  @Input(z.enum(['image', 'tensor', 'text']).default('image')) outputType!: In<'image' | 'tensor' | 'text'>
  @Output() images!: OutFor<'outputType', { image: Uint8Array[]; tensor: Float32Array; text: string }, 'image'>

  run(): void {
    this.images = this.outputType === 'image' ? [new Uint8Array()] : new Float32Array()
    // @ts-expect-error: none of the types is a number
    this.images = 5
  }
}

class Invert extends ModularPipelineBlocks {
  @Input() @Output() embeds!: InOut<number[], 'required'>
  @Input() strength!: In<number, 'required'>
  run(): void {}
}

class Whole extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() steps = Steps
  @Step() finish = Finish
}

/** Types follow from the parts as they are after an edit. */
export async function edits(name: string, blocks: Record<string, BlockSource>): Promise<unknown> {
  const inserted = new Whole().insert('invert', Invert, 1).initPipeline()
  const embeds: number[] = await inserted({ prompt: 'a', strength: 1 }, { output: 'embeds' })
  // @ts-expect-error: the new block asks for its strength
  await inserted({ prompt: 'a' })
  // @ts-expect-error: a name is misspelt
  await inserted({ prompt: 'a', strenght: 1 })
  // @ts-expect-error: no block writes this
  await inserted({ prompt: 'a', strength: 1 }, { output: 'anything' })

  const without = new Whole().remove('encode').initPipeline()
  await without({ embeds: [1] })
  await without()
  // @ts-expect-error: the block that took the prompt is gone
  await without({ prompt: 'a' })

  class Louder extends ModularPipelineBlocks {
    @Input() volume!: In<number, 'required'>
    @Output() embeds!: Out<Float32Array>
    run(): void {}
  }
  const replaced = new Whole().replace('encode', new Louder()).initPipeline()
  const loud: Float32Array = await replaced({ volume: 1 }, { output: 'embeds' })
  // @ts-expect-error: the new block asks for a volume
  await replaced({})

  // Edits of edits.
  const twice = new Whole().insert('invert', Invert).remove('invert').replace('encode', Louder).remove('steps')
  await twice.initPipeline()({ volume: 1, outputType: 'text' })
  // @ts-expect-error: the block with steps is gone
  await twice.initPipeline()({ volume: 1, steps: 5 })
  const again = twice.replace('encode', Encode).initPipeline()
  await again({ prompt: 'a' })
  // The fields and methods of the class are there.
  const kept: typeof Encode = twice.encode
  const held: ModularPipelineBlocks = twice

  const made = SequentialPipelineBlocks.fromBlocksDict({ encode: Encode, finish: new Finish() }).initPipeline()
  const images: Uint8Array[] = await made({ prompt: 'a' }, { output: 'images' })
  // @ts-expect-error: the prompt must be passed
  await made({})
  // @ts-expect-error: no part takes steps
  await made({ prompt: 'a', steps: 5 })
  const nested = SequentialPipelineBlocks.fromBlocksDict({ first: new Whole().remove('encode'), more: Invert })
  await nested.initPipeline()({ embeds: [1], strength: 1, steps: 5 })
  // @ts-expect-error: nobody writes the embeds any more
  await nested.initPipeline()({ strength: 1 })

  class Loop extends LoopSequentialPipelineBlocks {
    @Input() numSteps!: In<number, 'required'>
    @LoopStep() invert = Invert
    run(): void {}
  }
  const loop = Loop.fromBlocksDict({ steps: Steps }).initPipeline()
  await loop({ numSteps: 5, steps: 5 })
  // @ts-expect-error: the part of the class is gone
  await loop({ numSteps: 5, strength: 5 })
  class Choice extends AutoPipelineBlocks {
    @Branch({ otherwise: true }) steps = Steps
  }
  await new Choice().insert('invert', Invert).initPipeline()({ strength: 1 })

  // What types cannot know is taken as it comes.
  await new Whole().insert(name, Invert).initPipeline()({ anything: 5 }, { output: 'anything' })
  await new Whole().remove(name).initPipeline()({ anything: 5 })
  await SequentialPipelineBlocks.fromBlocksDict(blocks).initPipeline()({ anything: 5 })
  await new Whole().replace('encode', blocks.a as BlockSource).initPipeline()({ anything: 5 })
  const unknown: SequentialPipelineBlocks = new Whole()
  await unknown.insert('invert', Invert).initPipeline()({ anything: 5 })
  // An edited pipeline is a pipeline.
  const anyPipeline: ModularPipeline = inserted
  return [embeds, loud, kept, held, images, anyPipeline]
}

/** The type of an output may depend on an input. */
export async function choices(form: 'tensor' | 'text', any: 'image' | 'tensor' | 'text'): Promise<unknown> {
  const pipe = new Whole().initPipeline()
  const byDefault: Uint8Array[] = await pipe({ prompt: 'a' }, { output: 'images' })
  const stated: Uint8Array[] = await pipe({ prompt: 'a', outputType: 'image' }, { output: 'images', seed: 1 })
  const absent: Uint8Array[] = await pipe({ prompt: 'a', outputType: undefined }, { output: 'images' })
  const tensor: Float32Array = await pipe({ prompt: 'a', outputType: 'tensor' }, { output: 'images' })
  const either: Float32Array | string = await pipe({ prompt: 'a', outputType: form }, { output: 'images' })
  const whichever: Uint8Array[] | Float32Array | string = await pipe(
    { prompt: 'a', outputType: any },
    { output: 'images' },
  )
  const { images, embeds } = await pipe({ prompt: 'a', outputType: 'text' }, { output: ['images', 'embeds'] })
  const text: string = images
  const numbers: number[] = embeds
  const state = await pipe({ prompt: 'a', outputType: 'tensor' })
  const inState: Float32Array = state.get('images')
  const streamed: Float32Array = await pipe.stream({ prompt: 'a', outputType: 'tensor' }, { output: 'images' }).result
  const streamedDefault: Uint8Array[] = await pipe.stream({ prompt: 'a' }, { output: 'images' }).result
  // @ts-expect-error: there is no such form
  await pipe({ prompt: 'a', outputType: 'png' }, { output: 'images' })
  // @ts-expect-error: this form gives a tensor
  const wrong: Uint8Array[] = await pipe({ prompt: 'a', outputType: 'tensor' }, { output: 'images' })
  const passedOn: Uint8Array[] = await pipe({ prompt: 'a', embeds: [1] }, { output: 'images' })
  return [
    byDefault,
    stated,
    absent,
    tensor,
    either,
    whichever,
    text,
    numbers,
    inState,
    streamed,
    streamedDefault,
    wrong,
    passedOn,
  ]
}

/** What is in a state after a run is known. */
export async function states(): Promise<unknown> {
  const state = await new Whole().initPipeline()({ prompt: 'a' })
  const images: Uint8Array[] = state.get('images')
  const prompt: string = state.at('prompt')
  const several: { images: Uint8Array[]; steps: number } = state.get(['images', 'steps'])
  // @ts-expect-error: the embeds are numbers
  const wrong: string = state.get('embeds')
  const anything: unknown = state.get('anything')
  const said: string = state.get<string>('anything')
  const withDefault: number = state.get('anything', 5)
  const plain: PipelineState = state
  return [images, prompt, several, wrong, anything, said, withDefault, plain]
}

/** Components are known by the fields that hold them. */
export function components(given: Record<string, unknown>): unknown {
  const pipe = new Whole().initPipeline()
  const unet: UNet = pipe.components.unet
  const steps: number = pipe.components.scheduler.config.steps
  const other: unknown = pipe.components.ofAnotherName
  // @ts-expect-error: the scheduler is no UNet
  const wrong: UNet = pipe.components.scheduler
  pipe.updateComponents({ scheduler: new Scheduler(), unet: undefined })
  pipe.updateComponents({ scheduler: new ComponentSpec({ name: 'scheduler', typeHint: Scheduler }), isFast: false })
  pipe.updateComponents({ unet: pipe.components.unet, ofAnotherName: 5 })
  pipe.updateComponents(given)
  // @ts-expect-error: a number is no scheduler
  pipe.updateComponents({ scheduler: 5 })
  // @ts-expect-error: the classes are others
  pipe.updateComponents({ unet: new Scheduler() })
  const edited = new Whole().remove('steps').initPipeline()
  const left: UNet = edited.components.unet
  // @ts-expect-error: the block that used the scheduler is gone
  edited.components.scheduler.config
  const anyPipeline: ModularPipeline = pipe
  anyPipeline.updateComponents({ anything: 5 })
  return [unet, steps, other, wrong, left, anyPipeline.components.anything]
}

/** Blocks that state their lists by getters or fields take and give anything. */
export async function stated(): Promise<void> {
  class Getters extends ModularPipelineBlocks {
    @Input() n!: In<number>
    override get inputs() {
      return [...super.inputs, new InputParam({ name: 'more' })]
    }
    run(): void {}
  }
  class Fields extends ModularPipelineBlocks {
    override modelName = 'test'
    override inputs = [new InputParam({ name: 'x' })]
    override intermediateOutputs = [new OutputParam({ name: 'x' })]
    override call(_: Components, blockState: BlockState & { x: number }, { i }: { i: number }) {
      blockState.x += i
    }
  }
  class Loop extends LoopSequentialPipelineBlocks {
    @LoopStep() steps = Steps
    override get loopInputs() {
      return [new InputParam({ name: 'numSteps' })]
    }
    override async call(components: Components, state: PipelineState) {
      let blockState = this.getBlockState<{ numSteps: number }>(state)
      for (let i = 0; i < blockState.numSteps; i++) {
        ;[components, blockState] = await this.loopStep(components, blockState, { i })
      }
      // @ts-expect-error: nothing was said of this value
      blockState.x += 1
      this.setBlockState(state, blockState)
      return [components, state] as const
    }
  }
  await new Getters().initPipeline()({ n: 1, more: 2 })
  await new Loop().initPipeline()({ numSteps: 2, steps: 5 })
  await Loop.fromBlocksDict({ fields: Fields }).initPipeline()({ numSteps: 2, x: 1 }, { output: 'x' })
}
