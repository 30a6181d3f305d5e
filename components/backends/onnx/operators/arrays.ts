/** Operators that move elements. Those that cut and join along the channels leave maps in the order in which they find them. */
import * as tf from '../../../tensors/tf'
import type { GraphNode, GraphValue } from '../../recorder/graph'
import { sliceRange, splitSizes } from '../../recorder/kernels/arrays'
import { CHANNELS_FIRST, type OnnxBuilder } from '../onnx-builder'
import { splitLinear } from './linear'
import { axisFromStart, axisInFirst, inputOf, type OperatorWriter, outputOf } from './operator-writer'

/** Writes a node along an axis in the order in which the first input lies. */
function alongAxis(
  values: readonly GraphValue[],
  axis: number,
  builder: OnnxBuilder,
  write: (names: readonly string[], axis: number) => string[],
  outputs: readonly GraphValue[],
): void {
  const first = values[0]?.shape.length === 4 && builder.takesChannelsFirst(values)
  const names = values.map(value => (first ? builder.channelsFirst(value) : builder.plain(value)))
  const results = write(names, first ? axisInFirst(axis) : axis)
  outputs.forEach((output, i) => {
    builder.bind(output, results[i] as string, first ? 'channelsFirst' : 'channelsLast')
  })
}

/** The same numbers in the output's shape. */
function reshaped(name: string): OperatorWriter {
  return (node, builder) => {
    const output = outputOf(node)
    const value = inputOf(node, name)
    const source = builder.plain(value)
    builder.bind(output, output.shape.join() === value.shape.join() ? source : builder.reshape(source, output.shape))
  }
}

const pad: OperatorWriter = (node, builder) => {
  const { paddings, constantValue = 0 } = node.attrs as { paddings: [number, number][]; constantValue?: number }
  const x = inputOf(node, 'x')
  const first = x.shape.length === 4 && builder.isChannelsFirst(x)
  const around = first ? (CHANNELS_FIRST.map(axis => paddings[axis]) as typeof paddings) : paddings
  const pads = builder.ints([...around.map(([before]) => before), ...around.map(([, after]) => after)])
  const inputs = [first ? builder.channelsFirst(x) : builder.plain(x), pads, builder.scalar(constantValue, x.dtype)]
  builder.bind(
    outputOf(node),
    builder.add('Pad', inputs, { mode: 'constant' }),
    first ? 'channelsFirst' : 'channelsLast',
  )
}

/** Where the elements of a mirrored dimension come from. @param edge - 1 if the outermost element is repeated */
function mirrored(length: number, before: number, after: number, edge: 0 | 1): number[] {
  return Array.from({ length: before + length + after }, (_, i) => {
    const at = i - before
    if (at < 0) return -at - edge
    return at < length ? at : 2 * length - 2 - at + edge
  })
}

/** Writes what depends on attributes alone as a constant. */
const computed =
  (compute: (node: GraphNode) => tf.TypedArray): OperatorWriter =>
  (node, builder) => {
    const output = outputOf(node)
    builder.bind(output, builder.constant(compute(node) as Float32Array, output.shape, output.dtype))
  }

/** Writers of the kernels here. */
export const arrayOperators: Readonly<Record<string, OperatorWriter>> = {
  Concat: (node, builder) => {
    const all = Object.values(node.inputs)
    const filled = all.filter(value => !value.shape.includes(0))
    const values = filled.length === 0 ? all : filled
    const axis = axisFromStart(node.attrs.axis, outputOf(node).shape.length)
    alongAxis(values, axis, builder, (names, axis) => [builder.add('Concat', names, { axis })], node.outputs)
  },
  ExpandDims: reshaped('input'),
  Fill: (node, builder) => {
    const output = outputOf(node)
    builder.bind(output, builder.filled(node.attrs.value as number, output))
  },
  GatherV2: (node, builder) => {
    const [x, indices] = [inputOf(node, 'x'), inputOf(node, 'indices')]
    const axis = axisFromStart(node.attrs.axis, x.shape.length)
    const take = (name: string) => builder.add('Gather', [name, builder.plain(indices)], { axis })
    // Of a table of half precision, only the rows that are taken are widened.
    if (x.origin.kind === 'parameter') {
      const { name, type } = builder.stored(x)
      builder.bind(outputOf(node), builder.widen({ name: take(name), type }))
    } else builder.bind(outputOf(node), take(builder.plain(x)))
  },
  MirrorPad: (node, builder) => {
    const { paddings, mode } = node.attrs as { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }
    const x = inputOf(node, 'x')
    const name = paddings.reduce((padded, [before, after], axis) => {
      if (before + after === 0) return padded
      const indices = mirrored(x.shape[axis] as number, before, after, mode === 'symmetric' ? 1 : 0)
      return builder.add('Gather', [padded, builder.ints(indices)], { axis })
    }, builder.plain(x))
    builder.bind(outputOf(node), name)
  },
  OneHot: (node, builder) => {
    const { depth, onValue, offValue } = node.attrs as { depth: number; onValue: number; offValue: number }
    const { dtype } = outputOf(node)
    const indices = inputOf(node, 'indices')
    const column = builder.reshape(builder.plain(indices), [...indices.shape, 1])
    const classes = builder.constant(
      Int32Array.from({ length: depth }, (_, i) => i),
      [depth],
      'int32',
    )
    // ONNX Runtime chooses among numbers alone.
    const number = dtype === 'bool' ? 'int32' : dtype
    const values = [onValue, offValue].map(value => builder.scalar(value, number))
    const chosen = builder.add('Where', [builder.add('Equal', [column, classes]), ...values])
    builder.bind(outputOf(node), builder.cast(chosen, number, dtype))
  },
  Pack: (node, builder) => {
    const output = outputOf(node)
    const axis = axisFromStart(node.attrs.axis, output.shape.length)
    const one = output.shape.with(axis, 1)
    const names = Object.values(node.inputs).map(value => builder.reshape(builder.plain(value), one))
    builder.bind(output, builder.add('Concat', names, { axis }))
  },
  PadV2: pad,
  Range: computed(({ attrs }) => {
    const { start, stop, step, dtype } = attrs as {
      start: number
      stop: number
      step: number
      dtype: 'float32' | 'int32'
    }
    return rangeValues(start, stop, step, dtype)
  }),
  Reshape: reshaped('x'),
  Reverse: (node, builder) => {
    const x = inputOf(node, 'x')
    const axes = tf.util.parseAxisParam(node.attrs.dims as number[], [...x.shape])
    const ends = axes.map(() => -(2 ** 31))
    const inputs = [axes.map(() => -1), ends, axes, axes.map(() => -1)].map(list => builder.ints(list))
    builder.bind(outputOf(node), builder.add('Slice', [builder.plain(x), ...inputs]))
  },
  Slice: (node, builder) => {
    const x = inputOf(node, 'x')
    const { begin, size } = sliceRange(x, node.attrs)
    const ends = begin.map((start, axis) => start + (size[axis] as number))
    const inputs = [begin, ends].map(list => builder.ints(list))
    builder.bind(outputOf(node), builder.add('Slice', [builder.plain(x), ...inputs]))
  },
  SplitV: (node, builder) => {
    const x = inputOf(node, 'x')
    const axis = axisFromStart(node.attrs.axis, x.shape.length)
    const sizes = splitSizes(x, node.attrs.numOrSizeSplits, axis)
    const parts = splitLinear(x, axis, node.outputs, builder)
    if (parts) {
      node.outputs.forEach((output, i) => {
        builder.bind(output, parts[i] as string)
      })
      return
    }
    const split = ([name]: readonly string[], axis: number) =>
      builder.addMany('Split', [name as string, builder.ints(sizes)], { axis }, { outputs: sizes.length })
    alongAxis([x], axis, builder, split, node.outputs)
  },
  StridedSlice: (node, builder) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
      node.attrs as unknown as tf.StridedSliceAttrs
    const x = inputOf(node, 'x')
    const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const
    const info = tf.slice_util.sliceInfo([...x.shape], begin, end, strides, ...masks)
    const ends = info.end.map((stop, axis) => (stop < 0 && (info.strides[axis] as number) < 0 ? -(2 ** 31) : stop))
    const lists = [info.begin, ends, [...info.begin.keys()], info.strides].map(list => builder.ints(list))
    const sliced = builder.add('Slice', [builder.plain(x), ...lists])
    builder.bind(outputOf(node), builder.reshape(sliced, outputOf(node).shape))
  },
  Tile: (node, builder) => {
    const inputs = [builder.plain(inputOf(node, 'x')), builder.ints(node.attrs.reps as number[])]
    builder.bind(outputOf(node), builder.add('Tile', inputs))
  },
  Transpose: (node, builder) => {
    const x = inputOf(node, 'x')
    builder.bind(outputOf(node), builder.transpose(builder.plain(x), node.attrs.perm as number[], x.shape))
  },
  Unpack: (node, builder) => {
    const value = inputOf(node, 'value')
    const axis = axisFromStart(node.attrs.axis, value.shape.length)
    const sizes = builder.ints(node.outputs.map(() => 1))
    const outputs = node.outputs.length
    const parts = builder.addMany('Split', [builder.plain(value), sizes], { axis }, { outputs })
    node.outputs.forEach((output, i) => {
      builder.bind(output, builder.reshape(parts[i] as string, output.shape))
    })
  },
}

function rangeValues(start: number, stop: number, step: number, dtype: 'float32' | 'int32'): tf.TypedArray {
  const length = Math.max(0, Math.ceil((stop - start) / step))
  const values = Array.from({ length }, (_, i) => start + i * step)
  return dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)
}
