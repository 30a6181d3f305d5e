import { z } from 'zod'
import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  Component,
  ConditionalPipelineBlocks,
  type In,
  Input,
  InputTypeError,
  LoopStep,
  MissingInputError,
  type ModularPipeline,
  ModularPipelineBlocks,
  type Out,
  Output,
  type PipelineEvent,
  PipelineValidationError,
  SequentialPipelineBlocks,
  type TriggerValues,
} from '../../../src'
import { expectWarnings } from '../../expected-warnings'
import { failure, issues, onlyIssue } from '../fixtures/failures'
import { Increment, Repeat, required, toy } from '../fixtures/toy-blocks'

expectWarnings('UNKNOWN_INPUT', 'UNUSED_INPUT')

class UNet {}

const sequence = (blocks: Record<string, BlockSource>) => SequentialPipelineBlocks.fromBlocksDict(blocks)

/** Calls a pipeline and notes which blocks began. */
async function watched(blocks: ModularPipelineBlocks, inputs: Record<string, unknown>) {
  const started: string[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'blockStart') started.push(event.path.join('.'))
  }
  const error = await blocks
    .initPipeline()(inputs, { onEvent })
    .then(() => undefined)
    .catch((error: unknown) => error)
  return { error, started }
}

describe('a call with several problems', () => {
  class Picky extends ModularPipelineBlocks {
    @Component(UNet) unet!: UNet
    @Input(z.string().min(1)) prompt!: In<string>
    @Input(z.int().min(1).default(50)) steps!: In<number>
    @Input(z.array(z.number())) timesteps!: In<number[]>
    run() {}
  }

  test('is refused before its first block, with all of them in one error', async () => {
    const blocks = sequence({ first: Increment, picky: Picky })
    const { error, started } = await watched(blocks, { prompt: 7, steps: 0 })
    expect(started).toEqual([])
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as PipelineValidationError).issues.map(({ code, path }) => [code, path])).toEqual([
      ['MISSING_INPUT', ['first']],
      ['INPUT_TYPE', ['picky']],
      ['INPUT_TYPE', ['picky']],
      ['MISSING_INPUT', ['picky']],
      ['MISSING_COMPONENT', ['picky']],
    ])
  })

  test('names each problem once, at the first block that has it', async () => {
    const found = await issues(() => sequence({ a: Picky, b: Picky }).initPipeline()({ prompt: '', timesteps: [1] }))
    expect(found.map(({ code, path }) => [code, path])).toEqual([
      ['INPUT_TYPE', ['a']],
      ['MISSING_COMPONENT', ['a']],
    ])
  })
})

describe('a missing input', () => {
  test('that the type of its field allows to be absent is required all the same, and the error says how to change that', async () => {
    class Takes extends ModularPipelineBlocks {
      @Input() g!: In<number | undefined>
      run() {}
    }
    const error = await onlyIssue(MissingInputError, () => new Takes().initPipeline()())
    expect(error.message).toContain('declare it with @Input({ required: false })')
    class May extends ModularPipelineBlocks {
      @Input({ required: false }) g!: In<number | undefined>
      run() {}
    }
    await new May().initPipeline()()
  })

  test('is named with its type, what is there, the closest name, and who would write it', async () => {
    const blocks = sequence({
      denoise: toy({ inputs: [{ ...required('promptEmbeds'), typeHint: 'Tensor' }, 'latents'] }),
      encode: toy({ outputs: ['promptEmbeds'] }),
    })
    const error = await onlyIssue(MissingInputError, () => blocks.initPipeline()({ latents: 1, promptEmbed: 2 }))
    expect(error).toMatchObject({
      input: 'promptEmbeds',
      path: ['denoise'],
      available: ['latents'],
      nearest: 'promptEmbed',
    })
    expect(error.message.split('\n')).toEqual([
      'denoise: input "promptEmbeds" (Tensor) is required and has no value.',
      '  available here: "latents"',
      '  closest name:   "promptEmbed", which was passed but is not an input of any block',
      '  written by:     encode (which does not run before it here)',
      '  to fix: pass promptEmbeds to the pipeline, give the input a default, or run a block with @Output() promptEmbeds first',
    ])
  })

  test('of a loop is named with the loop', async () => {
    const loop = Repeat.fromBlocksDict({ a: toy({ inputs: [required('latents')] }) })
    const found = await issues(() => sequence({ loop }).initPipeline()({}))
    expect(found.map(issue => [(issue as MissingInputError).input, issue.path])).toEqual([
      ['numSteps', ['loop']],
      ['latents', ['loop']],
    ])
  })

  test.each([[null], [undefined]])('is one that is passed as %p', async value => {
    await onlyIssue(MissingInputError, () => new Increment().initPipeline()({ x: value }))
  })

  test('of the branch that the inputs choose is named, and of no other', async () => {
    class Choice extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) img2img: BlockSource = toy({ inputs: [required('image'), required('strength')] })
      @Branch() text2img: BlockSource = toy({ inputs: [required('prompt')] })
    }
    const pipe = sequence({ choice: Choice }).initPipeline()
    await pipe({ prompt: 'p' })
    await pipe({ image: 1, strength: 1 })
    expect((await onlyIssue(MissingInputError, () => pipe({ image: 1, prompt: 'p' }))).input).toBe('strength')
    expect((await onlyIssue(MissingInputError, () => pipe({ strength: 1 }))).path).toEqual(['choice', 'text2img'])
  })
})

describe('a choice by what a block writes', () => {
  /** A choice by an output of this schema, of which the one branch takes a number. */
  function chosenBy(schema: z.ZodType) {
    class Encode extends ModularPipelineBlocks {
      @Output(schema) latents!: Out<unknown>
      run() {
        this.latents = 1
      }
    }
    class Scale extends ModularPipelineBlocks {
      @Input(z.number().max(1)) strength!: In<number>
      run() {}
    }
    class Choice extends AutoPipelineBlocks {
      @Branch({ when: 'latents' }) img2img: BlockSource = Scale
      @Branch({ otherwise: true }) text2img: BlockSource = toy({})
    }
    return sequence({ encode: Encode, choice: Choice }).initPipeline()
  }

  test('is known before the run if the output is always there, so that its values are checked', async () => {
    const error = await onlyIssue(InputTypeError, () => chosenBy(z.number())({ strength: 2 }))
    expect(error.path).toEqual(['choice', 'img2img'])
  })

  test('stays open if the output may be absent: the values are checked when the branch begins', async () => {
    const error = await failure(InputTypeError, () => chosenBy(z.number().optional())({ strength: 2 }))
    expect(error.path).toEqual(['choice', 'img2img'])
    await chosenBy(z.number().optional())({ strength: 0.5 })
  })
})

describe('a wrong value', () => {
  class Typed extends ModularPipelineBlocks {
    @Input(z.int().min(1).max(100).default(50)) steps!: In<number>
    @Input(z.union([z.string(), z.array(z.string())]).optional()) prompt!: In<string | string[] | undefined>
    @LoopStep()
    run() {}
  }
  const pipe: ModularPipeline = new Typed().initPipeline()

  test.each([
    [{ steps: 'ten' }, /^the pipeline: input "steps" got the string "ten"; it must be number \(.*expected number/],
    [{ steps: 0 }, /got the number 0; it must be number \(.*>=1\)/],
    [{ steps: 2.5 }, /got the number 2\.5; .*expected int/],
    [{ steps: Number.NaN }, /got the number NaN; /],
    [{ prompt: 5 }, /input "prompt" got the number 5; it must be string \| string\[\]/],
    [{ prompt: ['a', 5] }, /got an array of 2; /],
    [{ prompt: { text: 'a' } }, /got an object; /],
    [{ prompt: new Date(0) }, /got an instance of Date; /],
    [{ prompt: 10n }, /got the bigint 10; /],
  ])('is refused with what was given and what is expected: %#', async (inputs, message) => {
    const error = await onlyIssue(InputTypeError, () => pipe(inputs))
    expect(error.message).toMatch(message)
  })

  test('is repeated in part only where it is long', async () => {
    const error = await onlyIssue(InputTypeError, () => pipe({ steps: 'x'.repeat(100_000) }))
    expect(error.message.length).toBeLessThan(300)
  })

  test('passes where it is absent or right', async () => {
    await pipe({})
    await pipe({ steps: 100, prompt: ['a', 'b'] })
    await pipe({ steps: null, prompt: undefined })
  })

  test('is refused for a part of a loop as well', async () => {
    const loop = Repeat.fromBlocksDict({ first: toy({ inputs: [{ name: 'steps', default: 50 }] }), typed: Typed })
    const found = await issues(() => sequence({ loop }).initPipeline()({ numSteps: 1, steps: 0 }))
    expect(found.map(({ code, path }) => [code, path])).toEqual([['INPUT_TYPE', ['loop', 'typed']]])
  })

  test('is not refused for what a block before has replaced', async () => {
    const parse = toy({ inputs: ['steps'], outputs: ['steps'], body: ({ steps }) => ({ steps: Number(steps) }) })
    await sequence({ parse, typed: Typed }).initPipeline()({ steps: '20' })
  })

  test('is not looked at in a branch that does not run', async () => {
    class Choice extends AutoPipelineBlocks {
      @Branch({ when: 'never' }) typed: BlockSource = Typed
      @Branch() other: BlockSource = toy({ inputs: ['never'] })
    }
    await sequence({ choice: Choice }).initPipeline()({ steps: 'ten' })
  })
})

describe('nothing that works is refused', () => {
  test('a trigger that is made inside', async () => {
    class Choice extends AutoPipelineBlocks {
      @Branch({ when: 'latents' }) a: BlockSource = toy({ inputs: [required('latents'), required('strength')] })
      @Branch() b: BlockSource = toy({ inputs: [required('prompt')], outputs: ['ran'], body: () => ({ ran: 'b' }) })
    }
    const maybe = toy({ outputs: ['latents'], body: () => ({ latents: undefined }) })
    expect(await sequence({ maybe, choice: Choice }).initPipeline()({ prompt: 'p' }, { output: 'ran' })).toBe('b')
    const surely = toy({ outputs: ['latents'], body: () => ({ latents: 1 }) })
    await sequence({ surely, choice: Choice }).initPipeline()({ strength: 1 })
  })

  test('an input that is optional first, filled in there, and required later', async () => {
    const fill = toy({ inputs: ['height'], body: ({ height }) => ({ height: height ?? 512 }) })
    const use = toy({
      inputs: [required('height')],
      outputs: ['area'],
      body: ({ height }) => ({ area: (height as number) ** 2 }),
    })
    const pipe = sequence({ fill, use }).initPipeline()
    expect(await pipe({}, { output: 'area' })).toBe(512 ** 2)
    expect(await pipe({ height: 2 }, { output: 'area' })).toBe(4)
  })

  test('an input that is optional first and required later fails there when nobody fills it in', async () => {
    const blocks = sequence({ look: toy({ inputs: ['height'] }), use: toy({ inputs: [required('height')] }) })
    expect((await failure(MissingInputError, () => blocks.initPipeline()())).path).toEqual(['use'])
  })

  test('but where the call is refused anyway, such an input is named too', async () => {
    const blocks = sequence({
      look: toy({ inputs: ['height'] }),
      use: toy({ inputs: [required('height'), required('width')] }),
    })
    const found = await issues(() => blocks.initPipeline()())
    expect(found.map(issue => (issue as MissingInputError).input)).toEqual(['height', 'width'])
  })

  test('an input that a block which may be skipped writes', async () => {
    class Encode extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) encode: BlockSource = toy({
        inputs: [required('image')],
        outputs: ['latents'],
        body: () => ({ latents: 1 }),
      })
    }
    const use = toy({ inputs: [required('latents')] })
    const pipe = sequence({ encode: Encode, use }).initPipeline()
    await pipe({ image: 1 })
    await pipe({ latents: 1 })
    await onlyIssue(MissingInputError, () => pipe({}))
  })

  test('an input that is in the state of an earlier run, or a member of a group', async () => {
    const use = toy({ inputs: [required('latents'), { name: null, kwargsType: 'g' }] })
    const state = await toy({ outputs: ['latents'], body: () => ({ latents: 1 }) }).initPipeline()()
    await use.initPipeline()({}, { state })
    await use.initPipeline()({ g: { latents: 1 } })
  })

  test('a default that is applied by an earlier block', async () => {
    await sequence({
      a: toy({ inputs: [{ name: 'x', default: 1 }] }),
      b: toy({ inputs: [required('x')] }),
    }).initPipeline()()
  })

  test('a rule that fails only in cases that never arise', async () => {
    class Strict extends ConditionalPipelineBlocks {
      @Branch() a: BlockSource = toy({ inputs: ['one', 'two'], outputs: ['ran'], body: () => ({ ran: 'a' }) })
      override get blockTriggerInputs() {
        return ['one', 'two']
      }
      override selectBlock({ one, two }: TriggerValues) {
        if (one !== undefined && two !== undefined) throw new Error('choose one of the two')
        return one === undefined ? undefined : 'a'
      }
    }
    const write = toy({ outputs: ['one', 'two'], body: () => ({ one: 1, two: undefined }) })
    expect(await sequence({ write, strict: Strict }).initPipeline()({}, { output: 'ran' })).toBe('a')
    await expect(new Strict().initPipeline()({ one: 1, two: 2 })).rejects.toThrow('choose one of the two')
  })

  test('a choice with more open triggers than can be tried', async () => {
    const names = Array.from({ length: 9 }, (_, i) => `t${i}`)
    const write = toy({
      outputs: names,
      body: () => Object.fromEntries(names.map(name => [name, name === 't7' ? 1 : undefined])),
    })
    class Wide extends AutoPipelineBlocks {
      override get blockTriggerInputs() {
        return names
      }
    }
    const branches = names.map(name => [
      name,
      toy({ inputs: [required(name)], outputs: ['ran'], body: () => ({ ran: name }) }),
    ])
    const wide = Wide.fromBlocksDict(Object.fromEntries(branches))
    expect(await sequence({ write, wide }).initPipeline()({}, { output: 'ran' })).toBe('t7')
  })
})

test('an output option of a wrong kind is refused before the first block', async () => {
  const pipe = new Increment().initPipeline()
  await expect(pipe.run({ x: 1 }, { output: 5 as unknown as string })).rejects.toThrow(
    'The option "output" must be a name or a list of names, but is the number 5.',
  )
})
