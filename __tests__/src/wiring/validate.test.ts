import { z } from 'zod'
import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  Component,
  ComponentSpec,
  ComponentTypeError,
  Config,
  DeclarationError,
  type In,
  Input,
  LoopBlockOutsideLoopError,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingLoopStepError,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineValidationError,
  SequentialPipelineBlocks,
  Step,
  TypeConflictError,
  UnmatchedTriggerError,
} from '../../../src'
import { failure, issues, onlyIssue } from '../fixtures/failures'
import { Increment, IncrementStep, Repeat, toy } from '../fixtures/toy-blocks'

const sequence = (blocks: Record<string, BlockSource>) => SequentialPipelineBlocks.fromBlocksDict(blocks)

class UNet {}
class ControlNet {}
class ControlNetUnion extends ControlNet {}

const needs = (name: string, typeHint: ComponentSpec['typeHint']) =>
  toy({ components: [new ComponentSpec({ name, typeHint })] })

describe('validate()', () => {
  test('reports every problem at once, the same as initPipeline()', async () => {
    class Chooser extends AutoPipelineBlocks {
      @Branch({ when: 'nothing' }) a = Increment
    }
    const blocks = sequence({
      outside: IncrementStep,
      loop: Repeat.fromBlocksDict({ inside: Increment }),
      chooser: Chooser,
      text: toy({ outputs: [{ name: 'y', typeHint: 'string' }] }),
      number: toy({ outputs: [{ name: 'y', typeHint: 'number' }] }),
      one: needs('unet', UNet),
      two: needs('unet', ControlNet),
    })
    const found = await issues(() => blocks.validate())
    expect(found.map(issue => issue.constructor)).toEqual([
      LoopBlockOutsideLoopError,
      MissingLoopStepError,
      UnmatchedTriggerError,
      TypeConflictError,
      ComponentTypeError,
    ])
    const error = await failure(PipelineValidationError, () => blocks.initPipeline())
    expect(error.issues.map(String)).toEqual(found.map(String))
    expect(error.message).toMatch(
      /^5 problems:\n1\. \[LOOP_BLOCK_OUTSIDE_LOOP\] outside: .*\n2\. \[MISSING_LOOP_STEP\] loop > inside: /,
    )
  })

  test('says the one problem there is', async () => {
    const error = await failure(PipelineValidationError, () => new IncrementStep().validate())
    expect(error.message).toMatch(/^\[LOOP_BLOCK_OUTSIDE_LOOP\] the pipeline: IncrementStep has a @LoopStep\(\)/)
  })

  test('passes what is sound', () => {
    sequence({ a: Increment, loop: Repeat.fromBlocksDict({ b: IncrementStep }) }).validate()
  })
})

describe('two writers of one name', () => {
  class WritesText extends ModularPipelineBlocks {
    @Output(z.string()) caption!: Out<string>
    run() {
      this.caption = ''
    }
  }
  class WritesNumber extends ModularPipelineBlocks {
    @Output(z.number()) caption!: Out<number>
    run() {
      this.caption = 0
    }
  }
  class ReadsEither extends ModularPipelineBlocks {
    @Input(z.union([z.string(), z.array(z.string())])) caption!: In<string | string[]>
    run() {}
  }

  test('are refused when they disagree on its type', async () => {
    const error = await onlyIssue(TypeConflictError, () => sequence({ a: WritesText, b: WritesNumber }).validate())
    expect(error.parameter).toBe('caption')
    expect(error.message).toBe(
      '"caption" has two types: a writes string, b writes number. Rename one of them, or make their declarations agree.',
    )
  })

  test('are refused together with a reader that cannot take what they write', async () => {
    sequence({ a: WritesText, b: ReadsEither }).validate()
    const error = await onlyIssue(TypeConflictError, () => sequence({ a: WritesNumber, b: ReadsEither }).validate())
    expect(error.message).toContain('a writes number, b reads string | string[]')
  })

  test('are told apart inside loops and branches', async () => {
    class Choice extends AutoPipelineBlocks {
      @Branch() a: BlockSource = WritesText
    }
    const error = await onlyIssue(TypeConflictError, () => sequence({ choice: Choice, b: WritesNumber }).validate())
    expect(error.message).toContain('choice > a writes string')
    class Outer extends Repeat {
      @Output(z.boolean()) caption!: Out<boolean>
      @LoopStep() text: BlockSource = toy({ outputs: [{ name: 'caption', typeHint: 'string' }] })
    }
    await onlyIssue(TypeConflictError, () => sequence({ loop: Outer }).validate())
  })

  test('may leave their types open', () => {
    sequence({
      a: WritesText,
      b: toy({ outputs: ['caption'] }),
      c: toy({ outputs: [{ name: 'caption', typeHint: 'any' }] }),
    }).validate()
  })

  test('may be readers that differ, as each takes what it can', () => {
    sequence({
      a: toy({ inputs: [{ name: 'x', typeHint: 'string' }] }),
      b: toy({ inputs: [{ name: 'x', typeHint: 'number' }] }),
    }).validate()
  })
})

describe('a trigger', () => {
  class Chooser extends AutoPipelineBlocks {
    @Branch({ when: 'imageLatent' }) a = Increment
    @Branch() b = Increment
  }

  test('that no block takes or writes is refused, with the closest name', async () => {
    const blocks = sequence({ encode: toy({ outputs: ['imageLatents'] }), chooser: Chooser })
    const error = await onlyIssue(UnmatchedTriggerError, () => blocks.validate())
    expect(error).toMatchObject({ trigger: 'imageLatent', path: ['chooser'] })
    expect(error.message).toContain('Did you mean "imageLatents"?')
  })

  test('may be taken by any block of the tree, or written by one', () => {
    sequence({ other: toy({ inputs: ['imageLatent'] }), chooser: Chooser }).validate()
    sequence({ chooser: Chooser, later: toy({ outputs: ['imageLatent'] }) }).validate()
  })
})

describe('one component asked for as two classes', () => {
  test('is refused where both blocks run', async () => {
    const error = await onlyIssue(ComponentTypeError, () =>
      sequence({ a: needs('unet', UNet), b: sequence({ c: needs('unet', ControlNet) }) }).validate(),
    )
    expect(error).toMatchObject({ component: 'unet', path: ['b', 'c'] })
    expect(error.message).toBe(
      'b > c: the component "unet" must be of a single class, but is declared as UNet by a and as ControlNet here.',
    )
  })

  test('is refused where a loop and its part ask', async () => {
    class Guided extends Repeat {
      @Component(UNet) unet!: UNet
      @LoopStep() part: BlockSource = needs('unet', ControlNet)
    }
    await onlyIssue(ComponentTypeError, () => new Guided().validate())
  })

  test('is fine where one class extends the other, unless a third does not', async () => {
    const both = { a: needs('net', ControlNetUnion), b: needs('net', ControlNet), c: needs('net', undefined) }
    sequence(both).validate()
    class Other extends ControlNet {}
    await onlyIssue(ComponentTypeError, () => sequence({ ...both, d: needs('net', Other) }).validate())
  })

  test('is fine in branches, of which one runs', () => {
    class Choice extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a: BlockSource = toy({
        inputs: ['image'],
        components: [new ComponentSpec({ name: 'net', typeHint: UNet })],
      })
      @Branch() b: BlockSource = needs('net', ControlNet)
    }
    sequence({ choice: Choice }).validate()
  })
})

describe('a value that a declared field is given', () => {
  class Filled extends ModularPipelineBlocks {
    @Input() a: In<number> = 1
    @Output() b: Out<number> = 2
    @Component(UNet) unet: UNet = new UNet()
    @Config() flag = true
    @Input() c!: In<number>
    run() {}
  }

  test('is refused, as it would never be seen, with what to do instead', async () => {
    const found = await issues(() => sequence({ filled: Filled }).validate())
    expect(found.every(issue => issue instanceof DeclarationError)).toBe(true)
    expect(found.map(issue => issue.message.split('.')[0])).toEqual([
      'filled > Filled',
      'filled > Filled',
      'filled > Filled',
      'filled > Filled',
    ])
    expect(found[0]?.message).toBe(
      'filled > Filled.a: the initial value of the field is never used. State it in the decorator: @Input({ default: … }).',
    )
    expect(found[1]?.message).toMatch(/Filled\.b: .* Assign it in run\(\)/)
    expect(found[2]?.message).toMatch(/Filled\.unet: .* Register it/)
    expect(found[3]?.message).toMatch(/Filled\.flag: .* @Config\(\{ default: … \}\)/)
  })
})

describe('a field that its kind of block does not use', () => {
  test('is refused on a sequence and a choice, which take what their parts take', async () => {
    class Pair extends SequentialPipelineBlocks {
      @Input() steps!: In<number>
      @Component(UNet) unet!: UNet
      @Step() part: BlockSource = Increment
    }
    class Choice extends AutoPipelineBlocks {
      @Output() y!: Out<number>
      @Branch() pair: BlockSource = Pair
    }
    const found = await issues(() => new Choice().validate())
    expect(found.map(issue => issue.message)).toEqual([
      'Choice.y: a composite block has the inputs and outputs of its parts. Declare the field in one of them.',
      expect.stringMatching(/^pair > Pair\.steps: a composite block has the inputs/),
      expect.stringMatching(/^pair > Pair\.unet: a composite block has the inputs/),
    ])
  })

  test('is refused on a leaf, which runs no others', async () => {
    class Leaf extends ModularPipelineBlocks {
      @Step() part: BlockSource = Increment
      run() {}
    }
    const error = await onlyIssue(DeclarationError, () => new Leaf().validate())
    expect(error.message).toBe(
      'Leaf.part: a leaf block cannot run other blocks. Extend SequentialPipelineBlocks or another class of composite blocks.',
    )
  })
})

test('a loop that overrides call() needs no run()', () => {
  class Manual extends LoopSequentialPipelineBlocks {
    override call() {}
  }
  new Manual().validate()
})

describe('a body that cannot be bound to a run', () => {
  const block = (run: () => void) => Object.assign(new Increment(), { run })
  const held = new Increment()

  test.each([
    ['an arrow function', () => undefined],
    ['an async arrow function', async () => undefined],
    ['a bound function', held.run.bind(held)],
  ])('is refused: %s', async (_, run) => {
    const issue = await onlyIssue(DeclarationError, () => block(run).initPipeline())
    expect(issue.message).toContain('Increment.run: an arrow function or bound function keeps its own "this"')
    expect(issue.message).toContain('Write a method: run() { … }.')
  })

  test('is refused in a loop, and as a loop step', async () => {
    const loop = Object.assign(new Repeat(), { run: async () => undefined })
    expect((await onlyIssue(DeclarationError, () => loop.initPipeline())).message).toContain('Repeat.run')
    const step = Object.assign(new IncrementStep(), { step: () => undefined })
    const parts = Repeat.fromBlocksDict({ step })
    expect((await onlyIssue(DeclarationError, () => parts.initPipeline())).message).toContain('IncrementStep.step')
  })

  test.each(['estimateCost', 'upcomingCalls'])('is refused as %s()', async name => {
    const blocks = Object.assign(new Increment(), { [name]: () => [] })
    const issue = await onlyIssue(DeclarationError, () => blocks.initPipeline())
    expect(issue.message).toContain(`Increment.${name}: an arrow function or bound function`)
  })

  test('is refused if it is a generator, which would do nothing', async () => {
    const issue = await onlyIssue(DeclarationError, () => block(function* () {} as () => void).initPipeline())
    expect(issue.message).toContain('Increment.run: a generator does nothing when it is called.')
  })

  test('may be a method that is called async', () => {
    class Draw extends ModularPipelineBlocks {
      @LoopStep() async() {}
    }
    Repeat.fromBlocksDict({ draw: Draw }).validate()
  })

  test('may be a function that takes its "this" from the call', async () => {
    const run = function (this: { x: number }) {
      this.x += 10
    }
    expect(await block(run as () => void).initPipeline()({ x: 1 }, { output: 'x' })).toBe(11)
  })
})
