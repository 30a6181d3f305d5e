/** Puts a tensor together from pieces that lie one behind the other. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '../../tensors/tf'
import { computeInto, openView } from './wasm-windows'

/** Gives a part of a tensor that is in one piece in its memory. It lives as long as the piece is computed. */
export type View = (tensor: tf.Tensor, begin: number, shape: readonly number[]) => tf.Tensor

/** How a piece is computed. */
export interface Piece {
  readonly shape: readonly number[]
  /** Runs inside of tf.tidy. */
  compute(view: View): tf.Tensor
  /** Whether every tensor of the result's size that is made on the way is used once, by the next kernel: those may then share the result's memory. */
  readonly isChain: boolean
}

/**
 * Computes a tensor of float32 piece by piece, and yields between pieces.
 *
 * @param pieces in the order in which they are in the tensor
 */
export function* joinPieces(shape: readonly number[], pieces: Iterable<Piece>): Generator<void, tf.Tensor, void> {
  const target = tf.getBackend() === 'wasm' ? wasmTarget(shape) : listTarget(shape)
  let isDone = false
  try {
    for (const piece of pieces) {
      target.add(piece)
      yield
    }
    isDone = true
    return target.finish()
  } finally {
    if (!isDone) target.dispose()
  }
}

/** Ranges that together cover `count` places. */
export function* ranges(count: number, size: number): Generator<readonly [begin: number, length: number]> {
  const step = Math.max(1, Math.floor(size))
  for (let begin = 0; begin < count; begin += step) yield [begin, Math.min(step, count - begin)]
}

/** Where pieces go. */
interface PieceTarget {
  add(piece: Piece): void
  finish(): tf.Tensor
  dispose(): void
}

/** Keeps the pieces, and joins them in the end. */
function listTarget(shape: readonly number[]): PieceTarget {
  const parts: tf.Tensor[] = []
  const view: View = (tensor, begin, part) => {
    const size = tf.util.sizeFromShape([...part])
    return tensor
      .reshape<tf.Tensor1D>([tensor.size])
      .slice([begin], [size])
      .reshape([...part])
  }
  return {
    add: ({ compute }) => {
      parts.push(tf.tidy(() => compute(view).flatten()))
    },
    finish() {
      const whole = tf.tidy(() => tf.concat(parts).reshape([...shape]))
      tf.dispose(parts)
      return whole
    },
    dispose: () => tf.dispose(parts),
  }
}

/** Computes each piece on windows on the memory of its operands, into a window on that of the whole: nothing is copied. */
function wasmTarget(shape: readonly number[]): PieceTarget {
  const backend = tf.backend() as BackendWasm
  const whole = tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], 'float32'))
  let at = 0
  return {
    add({ compute, isChain, shape: part }) {
      const views: (() => void)[] = []
      const view: View = (tensor, begin, viewed) => {
        const { window, close } = openView(backend, tensor, begin, viewed)
        views.push(close)
        return window
      }
      try {
        computeInto(backend, { whole, begin: at, size: tf.util.sizeFromShape([...part]), isChain }, () =>
          tf.tidy(() => compute(view)),
        )
      } finally {
        for (const close of views) close()
      }
      at += tf.util.sizeFromShape([...part])
    },
    finish: () => whole,
    dispose: () => whole.dispose(),
  }
}
