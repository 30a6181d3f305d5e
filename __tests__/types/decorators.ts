/** What the compiler refuses of decorated fields. Nothing here runs: each line marked below must be an error for the type check to pass. */
import { z } from 'zod'
import {
  AutoPipelineBlocks,
  Branch,
  Component,
  Config,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
  Step,
} from '../../src'

class UNet {
  readonly inChannels = 4
}

class SpecialUNet extends UNet {
  readonly extra = true
}

class Vae {
  readonly latentChannels = 4
}

export class FieldsThatFit extends ModularPipelineBlocks {
  @Input() anything!: In<number>
  @Input(z.string()) prompt!: In<string>
  @Input(z.enum(['image', 'latent'])) outputType!: In<'image' | 'latent'>
  @Input(z.number().optional()) strength!: In<number | undefined>
  @Input(z.string()) subject!: In<string, 'required'>
  @Input() seedText!: In<string, 'required'>
  @Input({ default: 7.5 }) guidanceScale!: In<number>
  @Input(z.number()) @Output(z.number()) x!: InOut<number>
  @Output(z.array(z.number())) sigmas!: Out<number[]>
  @Output() whatever!: Out<unknown>
  @Input({ default: 'pil' }) form!: In<'pil' | 'latent'>
  @Input({ default: [] }) sizes!: In<number[]>
  @Component(UNet) unet!: UNet
  @Component(SpecialUNet) special!: UNet
  @Config(z.boolean().default(true)) flag!: boolean

  run(): void {
    // Brands cost nothing: values go in and come out as they are.
    const scale: number = this.guidanceScale
    const type: 'image' | 'latent' = this.outputType
    this.x += scale + (this.strength ?? 0) + this.unet.inChannels
    this.sigmas = [this.x]
    this.whatever = type
    this.whatever = [this.prompt]
    // @ts-expect-error: a text is no number
    this.x = 'text'
    // @ts-expect-error: the field is not declared
    this.guidanceScal = 1
    // @ts-expect-error: a value that may be absent is no number
    const strength: number = this.strength
    this.x = strength
  }
}

export class FieldsThatDoNotFit extends ModularPipelineBlocks {
  // @ts-expect-error: the schema gives a text
  @Input(z.string()) steps!: In<number>
  // @ts-expect-error: the schema may give nothing
  @Input(z.number().optional()) strength!: In<number>
  // @ts-expect-error: the schema gives values that the field cannot hold
  @Input(z.enum(['image', 'latent'])) outputType!: In<'image'>
  // @ts-expect-error: an input with a default is not required
  @Input(z.number().default(5)) weight!: In<number, 'required'>
  // @ts-expect-error: an input that may be absent is not required
  @Input(z.number().optional()) size!: In<number | undefined, 'required'>
  // @ts-expect-error: the default is a text
  @Input({ default: 'many' }) count!: In<number>
  // @ts-expect-error: the schema gives texts
  @Output(z.array(z.string())) sigmas!: Out<number[]>
  // @ts-expect-error: the class is another
  @Component(UNet) vae!: Vae
  // @ts-expect-error: what is supplied may be another UNet than this one
  @Component(UNet) special!: SpecialUNet
  // @ts-expect-error: the setting is a truth value
  @Config(z.boolean()) factor!: number
  // @ts-expect-error: a private field could not be reached by the runtime
  @Input(z.number()) private hidden!: In<number>

  run(): number {
    return this.hidden
  }
}

class NeedsArguments extends ModularPipelineBlocks {
  constructor(readonly factor: number) {
    super()
  }
  run(): void {}
}

class Leaf extends ModularPipelineBlocks {
  @LoopStep({ variables: ['i'] })
  run({ i }: { i: number } = { i: 0 }): number {
    return i
  }

  // @ts-expect-error: a getter is neither a method nor a field that holds a block
  @LoopStep()
  get step(): number {
    return 1
  }
}

export class Sequence extends SequentialPipelineBlocks {
  @Step() byClass = Leaf
  @Step() byInstance = new NeedsArguments(2)
  // @ts-expect-error: this class cannot be made without arguments
  @Step() unmade = NeedsArguments
  // @ts-expect-error: a number is no block
  @Step() number = 5
}

class OtherLeaf extends Leaf {}

export class Swapped extends Sequence {
  @Step() override byClass = OtherLeaf
  // @ts-expect-error: another block does not have what the swapped one has
  @Step() override byInstance = new Leaf()
}

export class Loop extends LoopSequentialPipelineBlocks {
  @LoopStep() leaf = Leaf
  // @ts-expect-error: a text is no block
  @LoopStep() text = 'leaf'

  async run(): Promise<void> {
    await this.loopStep({ i: 0 }, { total: 1 })
    // @ts-expect-error: iteration variables are passed by name
    await this.loopStep(0)
  }
}

export class Choice extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) image = Leaf
  @Branch({ otherwise: true }) plain = new Leaf()
  // @ts-expect-error: a trigger has a name
  @Branch({ when: true }) wrong = Leaf
  // @ts-expect-error: an object is no block
  @Branch() object = { run() {} }
}
