import {
  Component,
  ImmovableComponentError,
  InputTypeError,
  ModularPipelineBlocks,
  type Placement,
  type PlacementArguments,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { ToyModel } from '../manager/toy-model'

/** A model that notes where it is moved. */
class MovableModel extends ToyModel {
  placement: Placement | undefined
  problem: Error | undefined

  async preparePlacement(placement: Placement): Promise<() => void> {
    if (this.problem) throw this.problem
    return () => {
      this.placement = placement
    }
  }
}

class TwoModels extends ModularPipelineBlocks {
  @Component(ToyModel) first!: ToyModel
  @Component(ToyModel) second!: ToyModel
  run() {}
}

function makePipeline() {
  const [first, second] = [new MovableModel(1), new MovableModel(1)]
  const pipe = new TwoModels().initPipeline().updateComponents({ first, second })
  return { pipe, first, second }
}

describe('to()', () => {
  test.each<[PlacementArguments, Placement]>([
    [['float16'], { dtype: 'float16' }],
    [['webgpu'], { device: 'webgpu' }],
    [['webgpu', 'bfloat16'], { device: 'webgpu', dtype: 'bfloat16' }],
    [[{ device: 'cpu' }], { device: 'cpu' }],
    [[{ dtype: 'float32', device: 'cpu' }], { device: 'cpu', dtype: 'float32' }],
  ])('of %j moves all models to %j', async (given, placement) => {
    const { pipe, first, second } = makePipeline()
    expect(await pipe.to(...given)).toBe(pipe)
    expect([first.placement, second.placement]).toEqual([placement, placement])
  })

  test.each([
    [[], 'to() takes a device, a dtype, or both'],
    [['cpu', 'float16', 'float32'], 'to() takes a device, a dtype, or both'],
    [['float16', 'cpu'], 'to() takes one device, followed by one dtype'],
    [['float16', 'float32'], 'to() takes one device, followed by one dtype'],
    [[{ device: 'cpu' }, 'float16'], 'to() takes one device, followed by one dtype'],
    [['cpu', 'cuda'], '"dtype" got the string "cuda"; it is one of float32, float16, bfloat16'],
    [[{ dtype: 'float8' }], '"dtype" got the string "float8"; it is one of float32, float16, bfloat16'],
    [[7], '"device" got the number 7; it is the name of a device'],
    [[null], '"device" got null; it is the name of a device'],
    [[{}], '"device" got nothing; name a device, a dtype, or both'],
  ])('of %j is refused', async (given, says) => {
    const { pipe, first } = makePipeline()
    const error = await failure(InputTypeError, () => pipe.to(...(given as unknown as PlacementArguments)))
    expect(error.message).toContain(says)
    expect(first.placement).toBeUndefined()
  })

  test('moves no model if one of them cannot be', async () => {
    const { pipe, first, second } = makePipeline()
    second.problem = new Error('There is no such device.')
    await expect(pipe.to('magic')).rejects.toBe(second.problem)
    expect(first.placement).toBeUndefined()

    pipe.updateComponents({ second: new ToyModel(1) })
    const error = await failure(ImmovableComponentError, () => pipe.to('cpu'))
    expect(error.message).toContain('The component "second" (ToyModel) cannot be moved')
    expect(first.placement).toBeUndefined()
  })

  test('asks a model once that is in two places', async () => {
    const { pipe, first } = makePipeline()
    const prepare = jest.spyOn(first, 'preparePlacement')
    pipe.updateComponents({ second: first })
    await pipe.to('cpu')
    expect(prepare).toHaveBeenCalledTimes(1)
  })
})
