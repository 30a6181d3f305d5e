import { inspect } from 'node:util'
import { BlockState } from '../../../src'

const tensor = { dtype: 'int32', shape: [2, 77] }

describe('a BlockState', () => {
  test('is a bag of attributes', () => {
    const blockState = new BlockState({ x: 1 })
    blockState.y = 2
    expect(blockState.x).toBe(1)
    expect(blockState['y']).toBe(2)
    expect(blockState.z).toBeUndefined()
    expect(Object.keys(blockState)).toEqual(['x', 'y'])
  })

  test('gives a shallow copy of itself', () => {
    const list = [1]
    const blockState = new BlockState({ list })
    const copy = BlockState.asDict(blockState)
    copy.other = 1
    expect(copy.list).toBe(list)
    expect(blockState.other).toBeUndefined()
  })

  test('prints its attributes in order, one a line, tensors by dtype and shape', () => {
    const blockState = new BlockState({
      x: 1,
      tensor,
      tensors: [tensor, { dtype: 'int32', shape: [1] }],
      group: { cond: tensor, scale: 7.5, list: [tensor] },
      text: 'words',
    })
    expect(String(blockState).split('\n')).toEqual([
      'BlockState(',
      '  x: 1',
      '  tensor: Tensor(dtype=int32, shape=[2, 77])',
      '  tensors: [Tensor(dtype=int32, shape=[2, 77]), Tensor(dtype=int32, shape=[1])]',
      '  group: {cond: Tensor(dtype=int32, shape=[2, 77]), scale: 7.5, list: [Tensor(dtype=int32, shape=[2, 77]), …]}',
      '  text: "words"',
      ')',
    ])
    expect(inspect(blockState)).toBe(String(blockState))
  })
})
