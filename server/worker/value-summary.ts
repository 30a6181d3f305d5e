/** Sums up the values of a run. */
import { tf } from '../../components'
import { formatValue, isTensorLike } from '../../src/state/format-value'
import { isPicture } from '../../src/wire/place-picture'
import type { SmallPicture, TensorSummary, ValueSummary } from '../jobs/kept-values'

/** Parts of a histogram. */
const BINS = 32

/** Pixels of the longer side of a small picture. */
const LONGEST_SIDE = 96

/** Members of a list that are summed up. */
const MOST_MEMBERS = 4

/** Numbers that are looked at: of a larger tensor, evenly spread ones. */
const MOST_NUMBERS = 4_000_000

/** Lists in lists in which members are summed up. */
const DEEPEST = 2

type Numbers = Float32Array | Int32Array | Uint8Array

/** Sums up a value. Tensors are read at once: they may be disposed when this returns. */
export function summarize(value: unknown, depth = 0): Promise<ValueSummary> {
  if (value instanceof tf.Tensor) return summarizeTensor(value)
  if (isPicture(value)) {
    const { width, height, channels, data } = value
    const picture = shrink({ height, width, channels, at: i => data[i] as number }, [0, 255])
    return Promise.resolve({ kind: 'picture', width, height, picture })
  }
  const holdsMore = (member: unknown) => isPicture(member) || isTensorLike(member) || Array.isArray(member)
  if (Array.isArray(value) && value.some(holdsMore) && depth < DEEPEST) {
    const members = value.slice(0, MOST_MEMBERS).map(member => summarize(member, depth + 1))
    return Promise.all(members).then(summaries => ({ kind: 'list', length: value.length, members: summaries }))
  }
  return Promise.resolve({ kind: 'text', text: typeof value === 'string' ? value.slice(0, 2000) : formatValue(value) })
}

async function summarizeTensor(tensor: tf.Tensor): Promise<TensorSummary> {
  const { dtype } = tensor
  const shape = [...tensor.shape]
  if (dtype === 'string' || dtype === 'complex64') {
    return { kind: 'tensor', dtype, shape, statistics: null, nonFinite: 0, histogram: [] }
  }
  const numbers = (await tensor.data()) as Numbers // What is neither text nor complex.
  const stride = Math.max(1, Math.ceil(numbers.length / MOST_NUMBERS))
  const { statistics, nonFinite } = statisticsOf(numbers, stride)
  if (statistics === null) return { kind: 'tensor', dtype, shape, statistics, nonFinite, histogram: [] }
  const range = [statistics.min, statistics.max] as const
  const grid = gridOf(shape, numbers)
  return {
    kind: 'tensor',
    dtype,
    shape,
    statistics,
    nonFinite,
    histogram: histogramOf(numbers, stride, range),
    ...(grid && { picture: shrink(grid, range) }),
  }
}

function statisticsOf(numbers: Numbers, stride: number): Pick<TensorSummary, 'statistics' | 'nonFinite'> {
  let [min, max, sum, squares, count, nonFinite] = [Infinity, -Infinity, 0, 0, 0, 0]
  for (let i = 0; i < numbers.length; i += stride) {
    const number = numbers[i] as number
    if (!Number.isFinite(number)) {
      nonFinite++
      continue
    }
    if (number < min) min = number
    if (number > max) max = number
    sum += number
    squares += number * number
    count++
  }
  if (count === 0) return { statistics: null, nonFinite }
  const mean = sum / count
  return { statistics: { min, max, mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)) }, nonFinite }
}

function histogramOf(numbers: Numbers, stride: number, [min, max]: readonly [number, number]): number[] {
  const counts = new Array<number>(BINS).fill(0)
  const scale = max > min ? BINS / (max - min) : 0
  for (let i = 0; i < numbers.length; i += stride) {
    const number = numbers[i] as number
    if (!Number.isFinite(number)) continue
    const bin = Math.min(BINS - 1, Math.floor((number - min) * scale))
    counts[bin] = (counts[bin] as number) + 1
  }
  return counts
}

/** Numbers in rows and columns. */
interface Grid {
  readonly height: number
  readonly width: number
  readonly channels: number
  at(index: number): number
}

/** The first of the pictures in a tensor: of `[batch, height, width, channels]`, or of rows and columns; `undefined` for one that is none. */
function gridOf(shape: readonly number[], numbers: Numbers): Grid | undefined {
  const at = (index: number) => numbers[index] as number
  const [a = 0, b = 0, c = 0, d = 0] = shape
  if (shape.length === 4 && a > 0 && b > 1 && c > 1 && d > 0) return { height: b, width: c, channels: d, at }
  if (shape.length === 3 && a > 0 && b > 1 && c > 1) return { height: b, width: c, channels: 1, at }
  if (shape.length === 2 && a > 1 && b > 1) return { height: a, width: b, channels: 1, at }
  return undefined
}

/** A grid as a small picture: its first three channels, or the first where there are fewer. The nearest number stands for each pixel. */
function shrink({ height, width, channels, at }: Grid, [min, max]: readonly [number, number]): SmallPicture {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(height, width))
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))]
  const kept = channels >= 3 ? 3 : 1
  const bytes = Buffer.alloc(rows * columns * kept)
  const factor = max > min ? 255 / (max - min) : 0
  for (let y = 0; y < rows; y++) {
    const row = Math.floor(((y + 0.5) * height) / rows)
    for (let x = 0; x < columns; x++) {
      const column = Math.floor(((x + 0.5) * width) / columns)
      for (let channel = 0; channel < kept; channel++) {
        const number = at((row * width + column) * channels + channel)
        bytes[(y * columns + x) * kept + channel] = Number.isFinite(number) ? Math.round((number - min) * factor) : 0
      }
    }
  }
  return { width: columns, height: rows, channels: kept, data: bytes.toString('base64') }
}
