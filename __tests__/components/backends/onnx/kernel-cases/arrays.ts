/** Functions that move elements. On maps they stand between convolutions, where ONNX has another order of dimensions. */
import * as tf from '@tensorflow/tfjs'
import {
  bools,
  type Compute,
  floats,
  given,
  ints,
  type KernelCase,
  type KernelCases,
  line,
  type TensorData,
} from './kernel-case'

const filter = floats([1, 1, 3, 3])
const map = floats([2, 3, 4, 3])
const conv = (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, 1, 'valid')

/** On what comes out of a convolution. */
const ofMap = (name: string, f: (x: tf.Tensor4D) => ReturnType<Compute>): KernelCase =>
  line(`of a map ${name}`, [map, filter], (x, w) => f(conv(x, w)))

/** On what comes out of a convolution, in front of another one. */
const between = (name: string, f: (x: tf.Tensor4D) => tf.Tensor): KernelCase =>
  line(`between convolutions ${name}`, [map, filter], (x, w) => conv(f(conv(x, w)) as tf.Tensor4D, w))

const types: readonly (readonly [string, (shape: number[]) => TensorData])[] = [
  ['floats', floats],
  ['whole numbers', ints],
  ['yes and no', bools],
]

/** On each type of elements. */
const ofTypes = (shape: number[], f: Compute): KernelCase[] =>
  types.map(([name, make]) => line(`of ${name}`, [make(shape)], f))

const axes = [0, 1, 2, 3] as const

/** Tables by kernel. */
export const arrayCases: KernelCases = {
  Concat: [
    ...axes.flatMap(axis => [
      ofMap(`along axis ${axis}`, x => tf.concat([x, x.neg(), x.mul(2)], axis)),
      line(`of a map and an input along axis ${axis}`, [map, filter], (x, w) => tf.concat([x, conv(x, w)], axis)),
    ]),
    ofMap('and a constant', x => tf.concat([x, tf.ones([2, 3, 4, 1])], -1)),
    between('along the width', x => tf.concat([x, x], 2)),
    ...types.map(([name, make]) =>
      line(`of ${name}`, [make([2, 3]), make([1, 3])], (a, b) => tf.concat([a, b] as tf.Tensor[], 0)),
    ),
    line('with a part that is empty', [floats([2, 3]), floats([0, 3])], (a, b) => tf.concat([b, a, b], 0)),
    line('of rank 5', [floats([1, 2, 1, 2, 3])], a => tf.concat([a, a.neg()], 3)),
  ],
  ExpandDims: [
    ...ofTypes([2, 3], x => tf.expandDims(x, 1)),
    line('from the end', [floats([2, 3])], x => tf.expandDims(x, -1)),
    ofMap('', x => tf.expandDims(x, 2)),
    line('to a map', [floats([3, 4, 3]), filter], (x, w) => conv(tf.expandDims(x, 0), w)),
  ],
  Fill: [
    line('with floats', [floats([2])], x => x.add(tf.fill([3, 2], 1.5))),
    line('with whole numbers', [], () => tf.fill([2, 3], 7, 'int32')),
    line('with yes', [], () => tf.fill([3], 1, 'bool')),
    line('with one number', [], () => tf.fill([], -2)),
    between('', x => x.add(tf.fill([2, 3, 4, 3], 0.5))),
  ],
  GatherV2: [
    ...ofTypes([4, 3], x => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32'))),
    line('along the last axis', [floats([2, 5]), ints([3], 0, 5)], (x, i) => tf.gather(x, i, -1)),
    line('with indices of rank 2', [floats([5, 2]), ints([2, 3], 0, 5)], (x, i) => tf.gather(x, i)),
    line('with one index', [floats([5, 2]), ints([], 0, 5)], (x, i) => tf.gather(x, i)),
    ofMap('along the channels', x => tf.gather(x, tf.tensor1d([2, 0], 'int32'), 3)),
  ],
  MirrorPad: [
    line('without the edge', [floats([3, 4])], x =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 3],
        ],
        'reflect',
      ),
    ),
    line('with the edge', [floats([3, 4])], x =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 3],
        ],
        'symmetric',
      ),
    ),
    between('without the edge', x =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 2],
          [3, 0],
          [0, 0],
        ],
        'reflect',
      ),
    ),
  ],
  OneHot: [
    line('of a list', [ints([4], 0, 3)], x => tf.oneHot(x, 3)),
    line('of floats', [ints([4], 0, 3)], x => tf.oneHot(x, 5, 2.5, -1, 'float32')),
    line('of rank 2', [ints([2, 3], 0, 4)], x => tf.oneHot(x, 4)),
    line('with indices outside', [ints([4], -1, 3)], x => tf.oneHot(x, 2)),
  ],
  Pack: [
    ...ofTypes([2, 3], x => tf.stack([x, x])),
    line('in the middle', [floats([2, 3]), floats([2, 3], 5, 6)], (a, b) => tf.stack([a, b], 1)),
    line('at the end', [floats([2, 3]), floats([2, 3], 5, 6)], (a, b) => tf.stack([a, b], -1)),
    line('of numbers', [floats([]), floats([], 5, 6)], (a, b) => tf.stack([a, b])),
    ofMap('', x => tf.stack([x, x.neg()], 1)),
    line('to a map', [floats([3, 4, 3]), filter], (x, w) => conv(tf.stack([x, x.neg()]) as tf.Tensor4D, w)),
  ],
  PadV2: [
    ...ofTypes([2, 3], x =>
      tf.pad(
        x as tf.Tensor,
        [
          [1, 0],
          [2, 1],
        ],
        1,
      ),
    ),
    line('with another number', [floats([3])], x => tf.pad(x as tf.Tensor, [[2, 1]], -7.5)),
    between('on all sides', x =>
      tf.pad(
        x,
        [
          [0, 0],
          [1, 2],
          [3, 0],
          [0, 0],
        ],
        0.5,
      ),
    ),
    ofMap('on batch and channels', x =>
      tf.pad(x, [
        [1, 0],
        [0, 0],
        [0, 0],
        [2, 1],
      ]),
    ),
    line('of rank 5', [floats([1, 2, 1, 2, 3])], x =>
      tf.pad(x as tf.Tensor, [
        [0, 1],
        [1, 0],
        [0, 0],
        [0, 0],
        [2, 0],
      ]),
    ),
  ],
  Range: [
    line('of floats', [floats([1])], x => x.add(tf.range(0, 5))),
    line('of whole numbers', [], () => tf.range(3, 20, 4, 'int32')),
    line('downward', [], () => tf.range(5, 0, -2)),
    line('with fractions', [], () => tf.range(0, 1, 0.3)),
  ],
  Reshape: [
    ...ofTypes([2, 6], x => tf.reshape(x, [3, 4])),
    line('with a length to infer', [floats([2, 6])], x => tf.reshape(x, [4, -1])),
    line('to one number', [floats([1, 1])], x => tf.reshape(x, [])),
    line('to the same shape', [floats([2, 6])], x => tf.reshape(x, [2, 6])),
    ofMap('to tokens', x => tf.reshape(x, [2, 12, 3])),
    ofMap('to one row', x => tf.reshape(x, [2, -1])),
    between('to tokens and back', x =>
      x
        .reshape([2, 12, 3])
        .mul(tf.range(0, 12).reshape([12, 1]))
        .reshape([2, 3, 4, 3]),
    ),
    between('to other maps', x => x.reshape([2, 4, 3, 3])),
    between('to fewer maps', x => x.reshape([1, 6, 4, 3])),
  ],
  Reverse: [
    ...ofTypes([2, 3], x => tf.reverse(x, 1)),
    line('along all axes', [floats([2, 3])], x => tf.reverse(x)),
    line('along two axes', [floats([2, 3, 2])], x => tf.reverse(x, [0, -1])),
    between('along the height', x => tf.reverse(x, 1)),
  ],
  Slice: [
    ...ofTypes([4, 3], x => tf.slice(x as tf.Tensor, [1, 0], [2, 3])),
    line('to the end', [floats([4, 3])], x => tf.slice(x as tf.Tensor, [1, 1])),
    line('with lengths to infer', [floats([4, 3])], x => tf.slice(x as tf.Tensor, [1, 1], [-1, 1])),
    line('of rows', [floats([4, 3])], x => tf.slice(x as tf.Tensor, 2, 1)),
    between('of height and width', x => tf.slice(x, [0, 1, 1, 0], [2, 2, 2, 3])),
    ofMap('along the channels', x => tf.slice(x, [0, 0, 0, 1], [1, 3, 4, 2])),
  ],
  SplitV: [
    ...ofTypes([4, 3], x => tf.split(x, 2)),
    line('in uneven parts', [floats([2, 7])], x => tf.split(x, [1, 4, 2], 1)),
    line('with a length to infer', [floats([2, 7])], x => tf.split(x, [1, -1, 2], -1)),
    line('in one part', [floats([2, 7])], x => tf.split(x, 1, 1)),
    ofMap('along the batch', x => tf.split(x, 2, 0)),
    ofMap('along the height', x => tf.split(x, 3, 1)),
    ofMap('along the width', x => tf.split(x, [1, 3], 2)),
    ofMap('along the channels', x => tf.split(x, [2, 1], -1)),
    between('along the width', x => tf.concat(tf.split(x, 2, 2).reverse(), 2)),
  ],
  StridedSlice: [
    ...ofTypes([4, 6], x => tf.stridedSlice(x as tf.Tensor, [0, 1], [4, 6], [2, 3])),
    line('backward', [floats([5])], x => tf.stridedSlice(x as tf.Tensor, [4], [0], [-2])),
    line('backward over all', [floats([5])], x => tf.stridedSlice(x as tf.Tensor, [-1], [0], [-1], 0, 1)),
    line('with ends from the end', [floats([5, 4])], x => tf.stridedSlice(x as tf.Tensor, [-4, 0], [-1, -2], [1, 1])),
    line('with open ends', [floats([5, 4])], x => tf.stridedSlice(x as tf.Tensor, [1, 1], [2, 2], [1, 1], 2, 1)),
    line('with an axis that vanishes', [floats([5, 4])], x =>
      tf.stridedSlice(x as tf.Tensor, [1, 1], [2, 4], [1, 1], 0, 0, 0, 0, 1),
    ),
    line('with a new axis', [floats([5, 4])], x =>
      tf.stridedSlice(x as tf.Tensor, [0, 1], [0, 4], [1, 1], 0, 0, 0, 1, 0),
    ),
    line('with an ellipsis', [floats([3, 2, 4])], x =>
      tf.stridedSlice(x as tf.Tensor, [0, 1], [0, 3], [1, 1], 0, 0, 1, 0, 0),
    ),
    ofMap('', x => tf.stridedSlice(x, [0, 0, 0, 0], [2, 3, 4, 3], [1, 2, 2, 2])),
  ],
  Tile: [
    ...ofTypes([2, 3], x => tf.tile(x, [2, 1])),
    line('along all axes', [floats([2, 1, 3])], x => tf.tile(x, [2, 3, 2])),
    between('along the height', x => tf.tile(x, [1, 2, 1, 1])),
    line('by broadcasting', [floats([2, 1])], x => tf.broadcastTo(x, [3, 2, 4])),
  ],
  Transpose: [
    ...ofTypes([2, 3], x => tf.transpose(x)),
    line('of three axes', [floats([2, 3, 4])], x => tf.transpose(x, [1, 2, 0])),
    line('of an axis of length 1', [floats([2, 1, 4])], x => tf.transpose(x, [1, 0, 2])),
    line('of axes of length 1 around another', [floats([1, 3, 1, 4])], x => tf.transpose(x, [2, 3, 0, 1])),
    line('twice', [floats([2, 3, 4])], x => tf.transpose(tf.transpose(x, [1, 2, 0]), [1, 2, 0])),
    line('there and back', [floats([2, 3, 4])], x => tf.transpose(tf.transpose(x, [1, 2, 0]), [2, 0, 1])),
    ofMap('to channels first', x => tf.transpose(x, [0, 3, 1, 2])),
    ofMap('of height and width', x => tf.transpose(x, [0, 2, 1, 3])),
    between('of height and width', x => tf.transpose(x, [0, 2, 1, 3])),
    between('to channels first and back', x => tf.transpose(tf.transpose(x, [0, 3, 1, 2]).relu(), [0, 2, 3, 1])),
    line('of maps of one pixel', [floats([2, 1, 1, 3]), filter], (x, w) => conv(x, w).transpose([0, 3, 1, 2])),
  ],
  Unpack: [
    ...ofTypes([2, 3], x => tf.unstack(x)),
    line('along the last axis', [floats([2, 3])], x => tf.unstack(x, -1)),
    line('of a list', [given(1, 2, 3)], x => tf.unstack(x)),
    ofMap('', x => tf.unstack(x, 3)),
  ],
}
