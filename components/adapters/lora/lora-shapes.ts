/** Compares the matrices of a LoRA with the layers that they change. */
import { Linear } from '../../nn/linear'
import type { AdaptableLayer } from './layer-names'
import type { LoraShapes } from './lora-layer'

/** What is wrong with the shapes of a layer's tensors, as the end of a sentence; `undefined` if they fit. */
export function misshapen(base: AdaptableLayer, shapes: LoraShapes): string | undefined {
  const { down, up, mid, magnitude, bias } = shapes
  const [out = 0, into = 0, ...kernel] = base.weight.shape
  const rank = down[0] ?? 0
  const side = kernel.length === 0 ? [1, 1] : kernel
  const isPoint = side.every(length => length === 1)
  // The kernel is in the first matrix, or between the two.
  const downKernel = mid === undefined ? side : [1, 1]
  const fits =
    rank > 0 &&
    isFilter(down, [rank, into], downKernel) &&
    isFilter(up, [out, rank], [1, 1]) &&
    (mid === undefined || (!(base instanceof Linear) && !isPoint && isFilter(mid, [rank, rank], side)))
  if (!fits) {
    const given = [down, ...(mid ? [mid] : []), up].map(shape => `[${shape.join(', ')}]`).join(' and ')
    return `changes from ${into} to ${out} channels${isPoint ? '' : ` with a kernel of ${side.join('×')}`}, and the file has ${given}`
  }
  if (magnitude !== undefined && sizeOf(magnitude) !== out)
    return `has ${out} channels, and its magnitude [${magnitude.join(', ')}]`
  // One for each input, in files of LyCORIS, is another method.
  if (magnitude?.length === 2 && magnitude[0] === 1 && out !== 1) {
    return `has a magnitude for each input [${magnitude.join(', ')}], which is not supported`
  }
  if (bias !== undefined && sizeOf(bias) !== out) return `has ${out} channels, and its bias [${bias.join(', ')}]`
  return undefined
}

/** Whether a shape is that of a matrix, or of a convolution with some kernel. */
function isFilter(shape: readonly number[], matrix: readonly [number, number], kernel: readonly number[]): boolean {
  if (shape.join() === [...matrix, ...kernel].join()) return true
  return shape.join() === matrix.join() && kernel.every(side => side === 1)
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
