import * as tf from '@tensorflow/tfjs'
import { Block, type In, Input, instance, ModularPipelineBlocks, type Out, Output, tensor } from '../../../index'
import { failureOf } from '../../blocks/use-emoji-model'
import { useBackend } from '../models/use-backend'
import { useLeakCheck } from './use-leak-check'

useBackend('cpu')
useLeakCheck()

@Block({ description: 'Takes two tensors of related shapes.' })
class Related extends ModularPipelineBlocks {
  @Input(tensor('batch width 3').describe('Pictures of one row.')) images!: In<tf.Tensor3D>
  @Input(tensor('batch').optional()) weights!: In<tf.Tensor1D | undefined>
  @Output(tensor('batch 3')) means!: Out<tf.Tensor2D>

  run() {
    this.means = this.images.mean(1)
  }
}

@Block({ description: 'Says that it makes pairs, and makes triples.' })
class WrongShape extends ModularPipelineBlocks {
  @Output(tensor('batch 2')) pairs!: Out<tf.Tensor2D>

  run() {
    this.pairs = tf.zeros([4, 3])
  }
}

/** Calls with tensors of these shapes, which are disposed. */
async function call(shapes: Record<string, number[]>): Promise<unknown> {
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.zeros(shape)]))
  try {
    return await new Related().initPipeline()<tf.Tensor>(tensors, { output: 'means' })
  } finally {
    tf.dispose(tensors)
  }
}

describe('tensor()', () => {
  test('takes tensors whose sizes fit', async () => {
    const means = (await call({ images: [2, 5, 3], weights: [2] })) as tf.Tensor
    expect(means.shape).toEqual([2, 3])
    means.dispose()
  })

  test('states the type in the documentation', () => {
    expect(new Related().inputs.map(({ typeHint }) => typeHint)).toEqual(['Tensor[batch, width, 3]', 'Tensor[batch]'])
    expect(new Related().inputs[0]?.description).toBe('Pictures of one row.')
  })

  test.each([
    [{ images: [2, 5, 4] }, 'dimension 2 is 4 instead of 3'],
    [{ images: [2, 3] }, 'it has 2 dimensions instead of 3'],
    [{ images: [2, 5, 3], weights: [5] }, '"batch" is 5 here and 2 in "images"'],
  ])('refuses %j', async (shapes, message) => {
    const error = await failureOf(call(shapes))
    expect(error).toMatchObject({ code: 'SHAPE_MISMATCH' })
    expect((error as Error).message).toContain(message)
  })

  test.each([[[1, 2, 3]], ['zeros'], [{ shape: [2, 5, 3] }]])('refuses %j, which is not a tensor', async images => {
    const error = await failureOf(new Related().initPipeline().run({ images }, {}))
    expect(error).toMatchObject({ code: 'PIPELINE_VALIDATION', issues: [{ code: 'INPUT_TYPE', input: 'images' }] })
    expect((error as Error).message).toContain('expected a tensor')
  })

  test('checks what a block makes', async () => {
    const error = await failureOf(new WrongShape().initPipeline()())
    expect(error).toMatchObject({ code: 'SHAPE_MISMATCH', parameter: 'pairs' })
  })
})

describe('instance()', () => {
  class Animal {}
  class Cat extends Animal {}
  const schema = instance(Animal)

  test('takes instances of the class and of its subclasses', () => {
    expect(schema.safeParse(new Animal()).success).toBe(true)
    expect(schema.safeParse(new Cat()).success).toBe(true)
  })

  test.each([[{}], ['Animal'], [Cat], [null]])('refuses %p', value => {
    expect(schema.safeParse(value).error?.issues[0]?.message).toBe('expected an instance of Animal')
  })
})
