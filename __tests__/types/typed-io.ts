/** What the compiler knows of the inputs and outputs of blocks. Nothing here runs: each line marked below must be an error for the type check to pass. */
import type { Tensor } from '@tensorflow/tfjs'
import { z } from 'zod'
import { Image, instance, tensor } from '../../index'
import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  type CallOptions,
  ConditionalPipelineBlocks,
  type In,
  type InOut,
  Input,
  type InputsOf,
  LoopSequentialPipelineBlocks,
  LoopStep,
  type ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  Output,
  type OutputsOf,
  type PipelineInputs,
  type PipelineState,
  SequentialPipelineBlocks,
  Step,
  slot,
  type ValuesOf,
} from '../../src'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Does not compile unless the two types are the same. */
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

class Embeddings {
  readonly length = 3
}

class Encode extends ModularPipelineBlocks {
  @Input() prompt!: In<string | string[], 'required'>
  @Input(z.string().optional()) negativePrompt!: In<string | undefined>
  @Output() embeds!: Out<Embeddings>
  @Output() count!: Out<number>
  readonly notDeclared = 5
  run(): void {}
}

class SetSteps extends ModularPipelineBlocks {
  @Input(z.int().default(50)) steps!: In<number>
  @Input({ default: 'linear' }) @Output() spacing!: InOut<'linear' | 'cosine'>
  @Output() timesteps!: Out<number[]>
  run(): void {}
}

class Predict extends ModularPipelineBlocks {
  @Input() embeds!: In<Embeddings, 'required'>
  @Input({ default: 7.5 }) guidanceScale!: In<number>
  @Output() noise!: Out<Float32Array>
  @LoopStep()
  step(): void {}
}

class Denoise extends LoopSequentialPipelineBlocks {
  @Input() timesteps!: In<number[], 'required'>
  @Input() @Output() latents!: InOut<Float32Array | undefined>
  @LoopStep() predict = Predict
  run(): void {}
}

class Inpaint extends ModularPipelineBlocks {
  @Input() mask!: In<Uint8Array, 'required'>
  @Input() strength!: In<number>
  @Output() image!: Out<Uint8Array>
  run(): void {}
}

class Draw extends ModularPipelineBlocks {
  @Input() strength!: In<'weak' | 'strong'>
  @Output() image!: Out<Float64Array>
  run(): void {}
}

class Choose extends AutoPipelineBlocks {
  @Branch({ when: 'mask' }) inpaint = Inpaint
  @Branch({ otherwise: true }) draw = slot(Draw)
}

class Inner extends SequentialPipelineBlocks {
  @Step() setSteps = new SetSteps()
  @Step() denoise = Denoise
}

class Whole extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() inner = Inner
  @Step() choose = Choose
}

// One block.
same<InputsOf<Encode>, { readonly prompt: string | string[]; readonly negativePrompt?: string | null | undefined }>()
same<OutputsOf<Encode>, { readonly embeds: Embeddings; readonly count: number }>()
same<
  ValuesOf<Encode>,
  {
    readonly embeds: Embeddings
    readonly count: number
    readonly prompt: string | string[]
    readonly negativePrompt: string | undefined
  }
>()
// What a block changes in place is there afterwards; what it writes may be nothing if it says so.
same<OutputsOf<Denoise>['latents'], Float32Array>()
same<InputsOf<Denoise>['latents'], Float32Array | null | undefined>()
class WritesMaybe extends ModularPipelineBlocks {
  @Output() found!: Out<string | undefined>
  run(): void {}
}
same<OutputsOf<WritesMaybe>, { readonly found: string | undefined }>()
// A loop takes what it reads itself and what its parts do.
same<keyof InputsOf<Denoise>, 'timesteps' | 'latents' | 'embeds' | 'guidanceScale'>()
same<InputsOf<Denoise>['timesteps' | 'embeds'], number[] | Embeddings>()
same<keyof OutputsOf<Denoise>, 'latents' | 'noise'>()
// A choice needs nothing, takes what any branch does, and gives what one of them gives.
same<
  InputsOf<Choose>,
  {
    readonly mask?: Uint8Array | null | undefined
    readonly strength?: number | 'weak' | 'strong' | null | undefined
  }
>()
same<OutputsOf<Choose>, { readonly image: Uint8Array | Float64Array }>()
// A tree, at any depth: what a block writes need not be passed, and may be.
same<
  InputsOf<Whole>,
  {
    readonly prompt: string | string[]
    readonly negativePrompt?: string | null | undefined
    readonly steps?: number | null | undefined
    readonly spacing?: 'linear' | 'cosine' | null | undefined
    readonly timesteps?: number[] | null | undefined
    readonly latents?: Float32Array | null | undefined
    readonly embeds?: Embeddings | null | undefined
    readonly guidanceScale?: number | null | undefined
    readonly mask?: Uint8Array | null | undefined
    readonly strength?: number | 'weak' | 'strong' | null | undefined
  }
>()
same<keyof OutputsOf<Whole>, 'embeds' | 'count' | 'spacing' | 'timesteps' | 'noise' | 'latents' | 'image'>()

export async function calls(name: string, names: string[], options: CallOptions): Promise<unknown> {
  const pipe = new Whole().initPipeline()
  await pipe({ prompt: 'a' })
  await pipe({ prompt: ['a', 'b'], negativePrompt: undefined, steps: null, guidanceScale: 4 }, { seed: 1 })
  // @ts-expect-error: the prompt must be passed
  await pipe({ steps: 5 })
  // @ts-expect-error: the prompt must be passed
  await pipe()
  // @ts-expect-error: a prompt is a text
  await pipe({ prompt: 5 })
  // @ts-expect-error: a name is misspelt
  await pipe({ prompt: 'a', guidanceScal: 4 })
  // @ts-expect-error: what another block writes has a type too
  await pipe({ prompt: 'a', timesteps: 5 })
  // @ts-expect-error: no branch takes this
  await pipe({ prompt: 'a', strength: 'none' }, { output: 'image' })

  const state: PipelineState = await pipe({ prompt: 'a' }, {})
  const count: number = await pipe({ prompt: 'a' }, { output: 'count' })
  const image: Uint8Array | Float64Array = await pipe({ prompt: 'a' }, { output: 'image', seed: 1 })
  const several: { image: Uint8Array | Float64Array; count: number } = await pipe(
    { prompt: 'a' },
    { output: ['image', 'count'] },
  )
  const given: number = await pipe({ prompt: 'a' }, { output: 'steps' })
  // @ts-expect-error: no block writes an output of this name
  await pipe({ prompt: 'a' }, { output: 'imagse' })
  // @ts-expect-error: one of the names is misspelt
  await pipe({ prompt: 'a' }, { output: ['image', 'cuont'] })
  // @ts-expect-error: the output is a number
  const text: string = await pipe({ prompt: 'a' }, { output: 'count' })
  // @ts-expect-error: this output was not asked for
  several.noise
  // @ts-expect-error: a seed is a number, whatever else is asked for
  await pipe({ prompt: 'a' }, { output: 'count', seed: '1' })
  // @ts-expect-error: there is no such option
  await pipe({ prompt: 'a' }, { outputs: 'count' })

  // A type that the caller states replaces what is known, and names that only the run knows may be asked for.
  const said: Uint8Array = await pipe<Uint8Array>({ prompt: 'a' }, { output: 'image' })
  const saidOfSeveral: Record<string, number> = await pipe<number>({ prompt: 'a' }, { output: ['count', 'steps'] })
  const named: unknown = await pipe({ prompt: 'a' }, { output: name })
  const manyNamed: Record<string, unknown> = await pipe({ prompt: 'a' }, { output: names })
  const whatever: unknown = await pipe({ prompt: 'a' }, options)
  const perhaps: unknown = await pipe({ prompt: 'a' }, { output: 'image', ...options })
  // @ts-expect-error: the inputs are checked whatever the options are
  await pipe({ promt: 'a' }, options)
  // @ts-expect-error: a type that the caller says of the output says nothing of the inputs
  await pipe<Uint8Array>({ promt: 'a' }, { output: 'image' })
  return [state, count, image, given, text, said, saidOfSeveral, named, manyNamed, whatever, perhaps]
}

/** What types cannot know is taken as it comes. */
export async function trees(options: CallOptions): Promise<unknown> {
  same<InputsOf<ModularPipelineBlocks>, PipelineInputs>()
  same<InputsOf<SequentialPipelineBlocks>, PipelineInputs>()

  const anyPart: BlockSource = Draw
  const edited = new Whole().insert('more', anyPart).initPipeline()
  await edited({ anything: 5 }, { output: 'anything' })
  const inferred: number = await edited({}, { output: 'anything' })
  const said: Record<string, number> = await edited<number>({}, { output: ['anything'] })
  const open: unknown = await edited({}, options)

  class WithAnyPart extends SequentialPipelineBlocks {
    @Step() encode = Encode
    @Step() any: BlockSource = Draw
  }
  await new WithAnyPart().initPipeline()({ anything: 5 }, { output: 'anything' })

  class Undeclared extends ModularPipelineBlocks {
    override get inputs() {
      return []
    }
    run(): void {}
  }
  class WithUndeclared extends SequentialPipelineBlocks {
    @Step() encode = Encode
    @Step() undeclared = Undeclared
  }
  await new WithUndeclared().initPipeline()({ anything: 5 })

  class Anything extends ModularPipelineBlocks {
    @Input() x!: In<unknown>
    @Input() n!: In<number>
    run(): void {}
  }
  await new Anything().initPipeline()({ x: Symbol('x'), n: 1 }, { output: 'x' })

  // A pipeline whose values are known is a pipeline.
  const anyPipeline: ModularPipeline = new Whole().initPipeline()
  await anyPipeline({ anything: 5 }, { output: 'anything' })
  const block: ModularPipelineBlocks = new Whole()
  const own: ModularPipeline<Whole> = new Whole().initPipeline()
  // @ts-expect-error: the type of a pipeline of known blocks is as strict as the pipeline
  await own({ anything: 5 })
  // What the compiler does not know of can be run all the same.
  return [inferred, said, open, block, await own.run({ anything: 5 }, { output: 'anything' })]
}

/** A value that two blocks change must be passed if neither can begin without it. */
export async function inPlace(): Promise<void> {
  class Add extends ModularPipelineBlocks {
    @Input() @Output() x!: InOut<number, 'required'>
    run(): void {}
  }
  class Make extends ModularPipelineBlocks {
    @Output() x!: Out<number>
    run(): void {}
  }
  class Twice extends SequentialPipelineBlocks {
    @Step() first = Add
    @Step() second = Add
  }
  class Supplied extends Twice {
    @Step() make = Make
  }
  class Chosen extends ConditionalPipelineBlocks {
    @Branch() only = Twice
  }
  class OneOfTwo extends SequentialPipelineBlocks {
    @Step() part = Math.random() < 0.5 ? Add : Make
  }
  await new Twice().initPipeline()({ x: 1 })
  // @ts-expect-error: nobody else makes x
  await new Twice().initPipeline()({})
  await new Supplied().initPipeline()()
  await new Chosen().initPipeline()()
  await new OneOfTwo().initPipeline()()
}

/** Any block may replace one that is annotated, and one with all of its members may replace one that is not. */
export async function swaps(): Promise<void> {
  class MyEncode extends Encode {
    @Input() style!: In<string, 'required'>
  }
  class Swapped extends Whole {
    @Step() override encode = MyEncode
  }
  await new Swapped().initPipeline()({ prompt: 'a', style: 'b' })
  // @ts-expect-error: the new block asks for more
  await new Swapped().initPipeline()({ prompt: 'a' })
  class NotSwapped extends Whole {
    // @ts-expect-error: what is not annotated may only be swapped for one with the same members
    @Step() override encode = Draw
  }
  class OtherChoice extends Choose {
    @Branch({ otherwise: true }) override draw = Encode
  }
  await new OtherChoice().initPipeline()({ mask: new Uint8Array(), prompt: 'a' })
  class ThirdChoice extends OtherChoice {
    @Branch({ otherwise: true }) override draw: typeof MyEncode = MyEncode
  }
  class FreeChoice extends Choose {
    @Branch({ otherwise: true }) override draw = slot(Encode)
  }
  class FreeAgain extends FreeChoice {
    @Branch({ otherwise: true }) override draw = slot(new SetSteps())
  }
  await new FreeAgain().initPipeline()({ steps: 5 })
  // @ts-expect-error: that block was there before
  await new FreeAgain().initPipeline()({ prompt: 'a' })
  class Opposite extends Encode {
    @Input() style!: In<string, 'required'>
  }
  class RelatedChoice extends FreeChoice {
    @Branch({ otherwise: true }) override draw = Opposite
  }
  // A branch need not run, so its style must not be passed; it is known all the same.
  await new RelatedChoice().initPipeline()({ prompt: 'a', style: 'b' })
  // @ts-expect-error: a style is a text
  await new RelatedChoice().initPipeline()({ prompt: 'a', style: 5 })
  class FreeSequence extends SequentialPipelineBlocks {
    @Step() encode = Encode
    @Step() decode = slot(Draw)
  }
  class OtherSequence extends FreeSequence {
    @Step() override decode = slot(Dramatise)
  }
  await new FreeSequence().initPipeline()({ prompt: 'a', strength: 'weak' })
  await new OtherSequence().initPipeline()({ prompt: 'a', strength: 1 })
  // @ts-expect-error: the block in the slot requires a strength
  await new OtherSequence().initPipeline()({ prompt: 'a' })
  class FreeLoop extends Denoise {
    @LoopStep() update = slot(Draw)
  }
  class OtherLoop extends FreeLoop {
    @LoopStep() override update = slot(Dramatise)
  }
  same<InputsOf<OtherLoop>['strength'], number>()
  // @ts-expect-error: a number is no block
  slot(5)
  // @ts-expect-error: a class of something else is no block
  slot(Image)
  // @ts-expect-error: a number is no block
  const wrong: BlockSource<Encode> = 5
  return void [NotSwapped, ThirdChoice, wrong]
}

class Dramatise extends ModularPipelineBlocks {
  @Input() @Output() prompt!: InOut<string>
  @Input() strength!: In<number, 'required'>
  run(): void {}
}

export class Picture extends ModularPipelineBlocks {
  @Input(instance(Image)) image!: In<Image, 'required'>
  @Input(tensor('batch 4').describe('Weights.')) weights!: In<Tensor, 'required'>
  @Input(instance(Image).optional()) maskImage!: In<Image | undefined>
  // @ts-expect-error: an image that may be absent is not required
  @Input(instance(Image).optional()) other!: In<Image | undefined, 'required'>
  // @ts-expect-error: an image is no text
  @Input(instance(Image)) text!: In<string>
  run(): void {}
}
