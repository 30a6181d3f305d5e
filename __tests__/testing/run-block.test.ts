import * as tf from '@tensorflow/tfjs'
import { z } from 'zod'
import {
  AutoPipelineBlocks,
  BlockExecutionError,
  Branch,
  Component,
  Config,
  DDIMScheduler,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  MissingComponentError,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineState,
  PipelineValidationError,
  SchedulerMixin,
  SchedulerStep,
  SequentialPipelineBlocks,
  Step,
  UnknownValueError,
} from '../../index'
import { containerOf, runBlock, tensorMemory } from '../../testing'
import '../../testing/jest'
import { failureOf } from '../blocks/use-emoji-model'
import { useBackend } from '../components/models/use-backend'

useBackend('cpu')

class Scale {
  constructor(readonly factor: number) {}
}

class Multiply extends ModularPipelineBlocks {
  @Component(Scale) scale!: Scale
  @Config(z.boolean().default(false)) negate!: boolean
  @Input() x!: In<number, 'required'>
  @Input({ default: 1 }) times!: In<number>
  @Output() product!: Out<number>

  run() {
    this.product = this.x * this.scale.factor * this.times * (this.negate ? -1 : 1)
  }
}

class AddStep extends ModularPipelineBlocks {
  @Input() @Output() sum!: InOut<number, 'required'>

  @LoopStep({ variables: ['i'] })
  step({ i }: { i: number }) {
    this.sum += i
  }
}

class AddAll extends LoopSequentialPipelineBlocks {
  @Input() count!: In<number>
  @LoopStep() add = AddStep

  async run() {
    for (let i = 0; i < this.count; i++) await this.loopStep({ i })
  }
}

class Doubled extends ModularPipelineBlocks {
  @Input() product!: In<number>
  @Output() doubled!: Out<number>
  run() {
    this.doubled = this.product * 2
  }
}

class Both extends SequentialPipelineBlocks {
  @Step() multiply = Multiply
  @Step() double = Doubled
}

class Choice extends AutoPipelineBlocks {
  @Branch({ when: 'x' }) multiply = Multiply
  @Branch({ when: 'product' }) double = Doubled
}

const components = { scale: new Scale(3) }

describe('runBlock', () => {
  test('runs a leaf and gives what it writes, with its type', async () => {
    const outputs = await runBlock(Multiply, { inputs: { x: 2 }, components })
    const product: number = outputs.product
    expect(product).toBe(6)
    expect(outputs).toEqual({ product: 6 })
  })

  test('runs an instance as well as a class, and takes a container', async () => {
    expect(await runBlock(new Multiply(), { inputs: { x: 2, times: 5 }, components: containerOf(components) })).toEqual(
      { product: 30 },
    )
  })

  test('sets what the block reads of the settings', async () => {
    expect(await runBlock(Multiply, { inputs: { x: 2 }, components, configs: { negate: true } })).toEqual({
      product: -6,
    })
    const unknown = runBlock(Multiply, { inputs: { x: 2 }, components, configs: { negated: true } })
    expect(await failureOf(unknown)).toBeInstanceOf(UnknownValueError)
    const wrong = runBlock(Multiply, { inputs: { x: 2 }, components, configs: { negate: 'yes' } })
    expect(await failureOf(wrong)).toMatchObject({ code: 'INPUT_TYPE', input: 'negate' })
  })

  test('runs a part of a loop once, with iteration variables', async () => {
    expect(await runBlock(AddStep, { inputs: { sum: 5 }, variables: { i: 3 } })).toEqual({ sum: 8 })
    expect(await failureOf(runBlock(AddStep, { inputs: { sum: 5 } }))).toMatchObject({
      code: 'MISSING_ITERATION_VARIABLE',
    })
  })

  test('runs a loop, a sequence and a choice', async () => {
    expect(await runBlock(AddAll, { inputs: { count: 4, sum: 0 } })).toEqual({ sum: 6 })
    expect(await runBlock(Both, { inputs: { x: 2 }, components })).toEqual({ product: 6, doubled: 12 })
    expect(await runBlock(Choice, { inputs: { x: 2 }, components })).toEqual({ product: 6 })
    expect(await runBlock(Choice)).toEqual({})
  })

  test('starts from a state, which stays as it is', async () => {
    expect(await runBlock(Doubled, { state: { product: 4 } })).toEqual({ doubled: 8 })
    const state = new PipelineState()
    state.set('product', 5)
    expect(await runBlock(Doubled, { state })).toEqual({ doubled: 10 })
    expect(state.toObject().values).toEqual({ product: 5 })
  })

  test('leaves components that could be disposed to the caller', async () => {
    const dispose = jest.fn()
    const scale = Object.assign(new Scale(2), { dispose })
    await runBlock(Multiply, { inputs: { x: 2 }, components: { scale } })
    await runBlock(Multiply, { inputs: { x: 2 }, components: containerOf({ scale }) })
    expect(dispose).not.toHaveBeenCalled()
  })

  test('refuses what is not a block', async () => {
    for (const none of [undefined, 'Multiply', class {}, () => new Multiply()]) {
      expect(await failureOf(runBlock(none as never))).toMatchObject({ code: 'COMPOSITION' })
    }
  })

  test('throws what a pipeline of the block throws', async () => {
    expect(await failureOf(runBlock(Multiply, { inputs: { x: 2 } }))).toMatchObject({
      issues: [expect.any(MissingComponentError)],
    })
    const none = {} as { x: number } // As a caller whose compiler does not check.
    expect(await failureOf(runBlock(Multiply, { inputs: none, components }))).toMatchObject({
      issues: [{ code: 'MISSING_INPUT', input: 'x' }],
    })
    class Fails extends ModularPipelineBlocks {
      run() {
        throw new RangeError('no')
      }
    }
    expect(await failureOf(runBlock(Fails))).toBeInstanceOf(BlockExecutionError)
    class NoBody extends ModularPipelineBlocks {}
    expect(await failureOf(runBlock(NoBody))).toBeInstanceOf(PipelineValidationError)
  })

  test('gives tensors to the caller, leaves the components alone, and leaks nothing', async () => {
    const scheduler = new DDIMScheduler()
    const [latents, noisePred] = [tf.ones<tf.Rank.R4>([1, 2, 2, 4]), tf.zeros<tf.Rank.R4>([1, 2, 2, 4])]
    class SetSteps extends ModularPipelineBlocks {
      @Component(SchedulerMixin) scheduler!: SchedulerMixin
      run() {
        this.scheduler.setTimesteps(4)
      }
    }
    class OneStep extends LoopSequentialPipelineBlocks {
      @LoopStep() update = SchedulerStep
      async run() {
        await this.loopStep({ t: 750 })
      }
    }
    class TakeStep extends SequentialPipelineBlocks {
      @Step() setSteps = SetSteps
      @Step() loop = OneStep
    }
    const before = tensorMemory()
    // Of a block that declares nothing, like the first one here, types cannot know what it writes.
    const outputs = (await runBlock(TakeStep, { inputs: { latents, noisePred }, components: { scheduler } })) as {
      latents: tf.Tensor4D
    }
    expect(outputs.latents.shape).toEqual([1, 2, 2, 4])
    expect(tensorMemory().numTensors).toBe(before.numTensors + 1)
    outputs.latents.dispose()
    expect(tensorMemory()).toEqual(before)
    expect(scheduler.timesteps).toHaveLength(1000)
    tf.dispose([latents, noisePred])
  })
})
