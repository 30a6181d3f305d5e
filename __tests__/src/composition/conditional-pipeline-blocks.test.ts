import {
  AutoPipelineBlocks,
  Block,
  Branch,
  CompositionError,
  ConditionalPipelineBlocks,
  ModularPipelineBlocks,
  NotImplementedError,
  SequentialPipelineBlocks,
  type TriggerValues,
} from '../../../src'
import { failure, onlyIssue } from '../fixtures/failures'
import { Increment, required, toy } from '../fixtures/toy-blocks'

/** A branch that leaves its name, and what strength it ran with. */
function branch(name: string, strength?: number, needs: readonly string[] = []) {
  return toy({
    name,
    inputs: [{ name: 'strength', default: strength }, ...needs.map(required)],
    outputs: ['ran'],
    body: ({ strength }) => ({ ran: `${name}:${strength}` }),
  })
}

class Auto extends AutoPipelineBlocks {
  @Branch({ when: 'mask' }) inpaint = branch('inpaint', 0.9999, ['mask', 'prompt'])
  @Branch({ when: 'image' }) img2img = branch('img2img', 0.3, ['image', 'prompt'])
  @Branch({ otherwise: true }) text2img = branch('text2img', undefined, ['prompt'])
}

class Skippable extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) encode = branch('encode', 0.5, ['image'])
}

const run = (blocks: ModularPipelineBlocks, inputs: Record<string, unknown>) =>
  blocks.initPipeline()(inputs, { output: 'ran' })

describe('an auto block', () => {
  test.each([
    [{ prompt: 'p' }, 'text2img:undefined'],
    [{ prompt: 'p', image: 1 }, 'img2img:0.3'],
    [{ prompt: 'p', mask: 1 }, 'inpaint:0.9999'],
    [{ prompt: 'p', mask: 1, image: 1 }, 'inpaint:0.9999'],
    [{ prompt: 'p', image: 1, strength: 0.7 }, 'img2img:0.7'],
    [{ prompt: 'p', image: null }, 'text2img:undefined'],
  ])('runs the first branch whose trigger is there: %j', async (inputs, ran) => {
    expect(await run(new Auto(), inputs)).toBe(ran)
  })

  test.each([[false], [0], [''], [[]]])('takes %j as there', async image => {
    expect(await run(new Auto(), { prompt: 'p', image })).toBe('img2img:0.3')
  })

  test('is skipped without a default, and leaves the state alone', async () => {
    expect((await new Skippable().initPipeline()({})).toObject().values).toEqual({ strength: 0.5, image: undefined })
    expect(await run(new Skippable(), { image: 1 })).toBe('encode:0.5')
  })

  test('may name its triggers in a field, where the compiler defines fields', async () => {
    class Given extends ConditionalPipelineBlocks {
      @Branch() yes = branch('yes', undefined, ['image'])
      @Branch() no = branch('no')
      override selectBlock({ image }: TriggerValues) {
        return image ? 'yes' : 'no'
      }
    }
    const given = new Given()
    Object.defineProperty(given, 'blockTriggerInputs', { value: ['image'], enumerable: true, writable: true })
    expect(await run(given, { image: 1 })).toBe('yes:undefined')
  })

  test('may have its default at any place', async () => {
    class Early extends AutoPipelineBlocks {
      @Branch() first = branch('first')
      @Branch({ when: 'image' }) second = branch('second', 0.1, ['image'])
    }
    expect(new Early().defaultBlockName).toBe('first')
    expect(await run(new Early(), { image: 1 })).toBe('second:0.1')
    expect(await run(new Early(), {})).toBe('first:undefined')
  })

  test('takes as default the first of several branches without a trigger', () => {
    class Two extends AutoPipelineBlocks {
      @Branch({ otherwise: true }) a = Increment
      @Branch({ otherwise: true }) b = Increment
    }
    expect(new Two().defaultBlockName).toBe('a')
  })

  test('pairs triggers with branches by name when branches are taken out, moved or replaced', async () => {
    const without = new Auto().remove('inpaint')
    expect(without.triggerNames).toEqual(['image'])
    expect(await run(without, { prompt: 'p', image: 1 })).toBe('img2img:0.3')
    expect(await run(without, { prompt: 'p' })).toBe('text2img:undefined')

    const other = new Auto().replace('img2img', branch('other', 0.2, ['image', 'prompt']))
    expect(await run(other, { prompt: 'p', image: 1 })).toBe('other:0.2')

    const reordered = new Auto()
    const text2img = reordered.subBlocks.pop('text2img') as ModularPipelineBlocks
    reordered.subBlocks.insert('text2img', text2img, 0)
    expect(await run(reordered, { prompt: 'p', mask: 1 })).toBe('inpaint:0.9999')
    expect(await run(reordered, { prompt: 'p' })).toBe('text2img:undefined')
  })

  test('takes a branch that is put in later as its default, if it had none', async () => {
    const copy = new Skippable().insert('otherwise', branch('otherwise'))
    expect(copy.defaultBlockName).toBe('otherwise')
    expect(await run(copy, {})).toBe('otherwise:undefined')
    expect(new Auto().insert('late', branch('late')).defaultBlockName).toBe('text2img')
  })

  test('may list its triggers itself', async () => {
    class Listed extends AutoPipelineBlocks {
      override get blockTriggerInputs() {
        return ['image', null]
      }
    }
    const blocks = Listed.fromBlocksDict({ a: branch('a', 0.1, ['image']), b: branch('b') })
    expect(await run(blocks, { image: 1 })).toBe('a:0.1')
    expect(await run(blocks, {})).toBe('b:undefined')
    expect(await run(blocks.remove('b'), { image: 1 })).toBe('a:0.1')
    const more = () => Listed.fromBlocksDict({ a: branch('a'), b: branch('b'), c: branch('c') })
    expect(more).toThrow(CompositionError)
    expect(more).toThrow('there are 3 branches and 2 entries')
  })

  test('keeps the declared triggers when its branches are given again', async () => {
    const blocks = Auto.fromBlocksDict({ text2img: branch('t'), img2img: branch('i', 0.3, ['image']) })
    expect(blocks.triggerNames).toEqual(['image'])
    expect(await run(blocks, { image: 1 })).toBe('i:0.3')
    expect(await run(blocks, {})).toBe('t:undefined')
  })

  test('nests', async () => {
    class Outer extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) withImage = Auto
      @Branch({ otherwise: true }) plain = branch('plain')
    }
    expect(await run(new Outer(), { prompt: 'p', image: 1, mask: 1 })).toBe('inpaint:0.9999')
    expect(await run(new Outer(), { prompt: 'p', image: 1 })).toBe('img2img:0.3')
    expect(await run(new Outer(), {})).toBe('plain:undefined')
  })
})

describe('a branch by itself', () => {
  test('keeps its default', async () => {
    expect(await run(branch('img2img', 0.3, ['image']), { image: 1 })).toBe('img2img:0.3')
  })
})

describe('selectBlock() of an auto block', () => {
  test.each([
    [{ mask: 'm' }, 'inpaint'],
    [{ image: 'i' }, 'img2img'],
    [{ image: 'i', mask: 'm' }, 'inpaint'],
    [{ image: null, mask: undefined }, undefined],
    [{}, undefined],
  ])('looks at what is there alone: %j', (triggers, chosen) => {
    expect(new Auto().selectBlock(triggers)).toBe(chosen)
  })

  test('has its branches by name, with their classes', () => {
    expect([...new Auto().subBlocks].map(([name, block]) => [name, block.constructor.name])).toEqual([
      ['inpaint', 'inpaint'],
      ['img2img', 'img2img'],
      ['text2img', 'text2img'],
    ])
  })
})

describe('what branches declare', () => {
  const input = (blocks: ModularPipelineBlocks, name: string) => blocks.inputs.find(other => other.name === name)

  test('is required only where all of them require it', () => {
    expect(new Auto().requiredInputs).toEqual(['prompt'])
    expect(input(new Auto(), 'prompt')?.required).toBe(true)
    expect(input(new Auto(), 'image')?.required).toBe(false)
  })

  test('is not required at all where none of them may run', () => {
    expect(new Skippable().requiredInputs).toEqual([])
    expect(input(new Skippable(), 'image')?.required).toBe(false)
  })

  test('keeps the defaults of each branch where they differ', () => {
    expect(input(new Auto(), 'strength')).toMatchObject({
      default: undefined,
      defaultsByBlock: { inpaint: 0.9999, img2img: 0.3, text2img: undefined },
    })
  })

  test('keeps a default that all agree on', () => {
    class Agreed extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a = branch('a', 0.5, ['image'])
      @Branch() b = branch('b', 0.5)
    }
    expect(input(new Agreed(), 'strength')).toMatchObject({ default: 0.5, defaultsByBlock: undefined })
  })

  test('names nested defaults with their whole path', () => {
    class Outer extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) image = Auto
      @Branch({ otherwise: true }) plain = branch('plain', 1)
    }
    expect(input(new Outer(), 'strength')?.defaultsByBlock).toEqual({
      'image.inpaint': 0.9999,
      'image.img2img': 0.3,
      'image.text2img': undefined,
      plain: 1,
    })
  })

  test('leaves nested defaults that no other branch adds to as they are', () => {
    class Outer extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) image = Auto
      @Branch({ otherwise: true }) plain = toy({})
    }
    expect(input(new Outer(), 'strength')?.defaultsByBlock).toEqual({
      inpaint: 0.9999,
      img2img: 0.3,
      text2img: undefined,
    })
  })

  test('keeps groups of different types apart', () => {
    class Groups extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a = toy({ inputs: [required('image'), { name: null, kwargsType: 'one' }] })
      @Branch() b = toy({
        inputs: [
          { name: null, kwargsType: 'two' },
          { name: null, kwargsType: 'one' },
        ],
      })
    }
    expect(new Groups().inputs.map(({ name, kwargsType }) => name ?? `**${kwargsType}`)).toEqual([
      'image',
      '**one',
      '**two',
    ])
  })

  test('satisfies later blocks only where one of them surely runs', () => {
    const reader = toy({ inputs: [required('ran')] })
    expect(SequentialPipelineBlocks.fromBlocksDict({ auto: new Auto(), reader }).inputNames).not.toContain('ran')
    expect(SequentialPipelineBlocks.fromBlocksDict({ auto: new Skippable(), reader }).inputNames).toContain('ran')
  })
})

describe('a conditional block', () => {
  class Chooser extends ConditionalPipelineBlocks {
    @Branch() both = branch('both', 1, ['image', 'mask'])
    @Branch() one = branch('one', 2, ['image'])
    @Branch({ otherwise: true }) none = branch('none', 3)
    override get blockTriggerInputs() {
      return ['image', 'mask']
    }
    override selectBlock({ image, mask }: TriggerValues) {
      if (image !== undefined && mask !== undefined) return 'both'
      return image === undefined ? undefined : 'one'
    }
  }

  test('chooses by its own rule, and falls back on its default', async () => {
    expect(await run(new Chooser(), { image: 1, mask: 1 })).toBe('both:1')
    expect(await run(new Chooser(), { image: 1 })).toBe('one:2')
    expect(await run(new Chooser(), { mask: 1 })).toBe('none:3')
  })

  test('is given the triggers that its branches name, unless it names others', async () => {
    class Named extends ConditionalPipelineBlocks {
      @Branch({ when: 'image' }) one = branch('one', 1, ['image'])
      @Branch({ when: 'mask' }) two = branch('two', 2, ['mask'])
      override selectBlock(triggers: TriggerValues) {
        return triggers.mask === undefined ? undefined : 'two'
      }
    }
    expect(new Named().triggerNames).toEqual(['image', 'mask'])
    expect(await run(new Named(), { mask: 1 })).toBe('two:2')
  })

  test('is of the family that it says, or that of its first branch that has one', () => {
    @Block({ modelName: 'toys' })
    class Member extends Increment {}
    @Block({ modelName: 'other' })
    class Other extends Chooser {
      @Branch() member = Member
    }
    expect(new Chooser().modelName).toBeUndefined()
    expect(ConditionalPipelineBlocks.fromBlocksDict({ plain: Increment, member: Member }).modelName).toBe('toys')
    expect(new Other().modelName).toBe('other')
    expect(ConditionalPipelineBlocks.fromBlocksDict({}).modelName).toBeUndefined()
  })

  test('must say how it chooses', async () => {
    class Undecided extends ConditionalPipelineBlocks {
      @Branch() a = Increment
    }
    const error = await onlyIssue(NotImplementedError, () => new Undecided().validate())
    expect(error.message).toMatch(/Undecided does not implement selectBlock\(\): return the name of the branch/)
    await failure(NotImplementedError, () => new Undecided().selectBlock({}))
  })

  test('must choose a branch that exists', async () => {
    class Wrong extends ConditionalPipelineBlocks {
      @Branch() a = Increment
      override selectBlock() {
        return 'b'
      }
    }
    const error = await failure(CompositionError, () => new Wrong().getExecutionBlocks())
    expect(error.message).toBe('Wrong: selectBlock() chose "b", but the branches are a.')
  })

  test('must have the branch that it calls its default', async () => {
    class Wrong extends ConditionalPipelineBlocks {
      @Branch() a = Increment
      override get defaultBlockName() {
        return 'z'
      }
    }
    const error = await failure(CompositionError, () => new Wrong().subBlocks)
    expect(error.message).toBe('Wrong: defaultBlockName is "z", which is not one of the branches a.')
  })
})

describe('construction of an auto block', () => {
  test('refuses lists of different lengths', async () => {
    class Uneven extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) a = Increment
      @Branch() b = Increment
      override get blockTriggerInputs() {
        return ['image']
      }
    }
    const error = await failure(CompositionError, () => new Uneven().subBlocks)
    expect(error.message).toMatch(
      /^Uneven: .* must be of the same length, but have 2, 2, 1 entries\. Use null as the trigger/,
    )
  })

  test('refuses a branch that is the default and waits for a trigger', async () => {
    class Both extends AutoPipelineBlocks {
      @Branch({ when: 'image', otherwise: true }) a = Increment
    }
    const error = await failure(CompositionError, () => new Both().subBlocks)
    expect(error.message).toBe('Both: the branch "a" has both a trigger and "otherwise"; choose one.')
  })
})
