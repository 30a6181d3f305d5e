/** What computes maps for a UNet within the same call, such as a ControlNet. */
import { mapTree, TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import type { Module } from '../../nn/module'
import * as tf from '../../tensors/tf'
import { hookWeightsNumber } from '../hooks/hooked-call'
import { encoderInputsOf, type UNetEncoderInputs } from './encoder-inputs'

/** Maps that are added to those of a UNet. */
export interface Residuals {
  /** One for each map of the way down. */
  readonly downBlockResSamples: readonly tf.Tensor4D[]
  /** For the map of the middle. */
  readonly midBlockResSample: tf.Tensor4D
}

/** Tensors by name, or lists of them. Placeholders may stand for them where a call is only prepared. */
export type SourceTensors = Readonly<Record<string, SourceTensor | readonly SourceTensor[]>>

type SourceTensor = tf.Tensor | TensorPlaceholder

/**
 * Computes maps in the call of a UNet: where the UNet runs as a graph, both are one graph, and the maps never leave the runtime. It works in operations of
 * TensorFlow.js alone.
 */
export interface ResidualSource {
  /** What it does, with every setting that is neither a number nor a tensor: sources of equal names and models share a graph. */
  readonly name: string
  /** The network that computes. Its weights are not counted in the UNet's memory. */
  readonly model: Module
  /** Tensors that may differ from call to call. They belong to the caller. */
  readonly tensors: SourceTensors
  /** Numbers that may differ from call to call, e.g. a scale. */
  readonly numbers: readonly number[]
  /** For which of the equal parts of a batch the maps are, by part; the others get none. Default: for all of one part. */
  readonly parts?: readonly boolean[] | undefined
  /** Whether each part is computed on its own, for networks in which samples see each other. Default: false. */
  readonly separatesParts?: boolean | undefined
  /**
   * Computes the maps.
   *
   * @param inputs of the UNet
   * @param own - the tensors, and the numbers as one tensor
   */
  forward(
    inputs: UNetEncoderInputs,
    own: { readonly tensors: Readonly<Record<string, unknown>>; readonly numbers: tf.Tensor1D },
  ): Residuals
}

/** What the sources are given in a call. */
export interface SourceInputs {
  readonly tensors: readonly SourceTensors[]
  readonly numbers: tf.Tensor1D | TensorPlaceholder
}

/** What tells the graph of a call with these sources from others: empty without sources. */
export function sourcesKey(sources: readonly ResidualSource[]): string {
  return sources
    .map(({ name, model, parts, separatesParts }) => {
      const share = needsParts(parts, separatesParts) ? `[${parts?.map(Number).join('')}]` : ''
      return ` +${name}#${hookWeightsNumber(model)}${share}`
    })
    .join('')
}

/** What sources are given, with a new tensor for their numbers. */
export function sourceInputs(sources: readonly ResidualSource[]): SourceInputs & { readonly numbers: tf.Tensor1D } {
  const numbers = sources.flatMap(source => source.numbers)
  return { tensors: sources.map(({ tensors }) => tensors), numbers: tf.tensor1d(numbers) }
}

/** The same for preparing. Tensors of sources may stand there as they are: only their shapes are looked at. */
export function sourcePlaceholders(sources: readonly ResidualSource[]): SourceInputs {
  const count = sources.reduce((sum, { numbers }) => sum + numbers.length, 0)
  return { tensors: sources.map(({ tensors }) => tensors), numbers: new TensorPlaceholder([count]) }
}

/** Computes and adds up the maps of all sources, of which there must be one. */
export function computeResiduals(
  sources: readonly ResidualSource[],
  inputs: UNetEncoderInputs,
  { tensors, numbers }: SourceInputs,
): Residuals {
  let offset = 0
  const computed = sources.map((source, i) => {
    const count = source.numbers.length
    const own = { tensors: tensors[i] as SourceTensors, numbers: (numbers as tf.Tensor1D).slice(offset, count) }
    offset += count
    const { parts = [true], separatesParts = false } = source
    if (!needsParts(parts, separatesParts)) return source.forward(inputs, own)
    return forParts(parts, inputs, separatesParts, part => source.forward(part, own))
  })
  return computed.reduce((sum, residuals) => ({
    downBlockResSamples: sum.downBlockResSamples.map((map, i) =>
      map.add<tf.Tensor4D>(residuals.downBlockResSamples[i] as tf.Tensor4D),
    ),
    midBlockResSample: sum.midBlockResSample.add<tf.Tensor4D>(residuals.midBlockResSample),
  }))
}

/** Whether maps are not simply computed for the whole batch. */
function needsParts(parts: readonly boolean[] = [true], separates = false): boolean {
  return parts.includes(false) || (separates && parts.length > 1)
}

/** Computes maps for some parts of a batch, together or each on its own; those of the others are zero. */
function forParts(
  parts: readonly boolean[],
  inputs: UNetEncoderInputs,
  separates: boolean,
  compute: (inputs: UNetEncoderInputs) => Residuals,
): Residuals {
  const rows = inputs.sample.shape[0] / parts.length
  const chosen = parts.flatMap((isChosen, i) => (isChosen ? [i] : []))
  const groups = separates ? chosen.map(part => [part]) : [chosen]
  const computed = groups.map(group => {
    const rowsOf = (x: tf.Tensor) => {
      if (x.shape[0] !== inputs.sample.shape[0]) return x
      const pieces = group.map(part => tf.slice(x, part * rows, rows))
      return pieces.length === 1 ? pieces[0] : tf.concat(pieces)
    }
    return compute(mapTree(encoderInputsOf(inputs), ({ tensor }) => rowsOf(tensor as tf.Tensor)) as UNetEncoderInputs)
  })
  const spread = (maps: readonly tf.Tensor4D[]): tf.Tensor4D => {
    const [, ...rest] = (maps[0] as tf.Tensor4D).shape
    const pieces = parts.map((isChosen, part) => {
      const place = chosen.indexOf(part)
      if (!isChosen) return tf.zeros<tf.Rank.R4>([rows, ...rest])
      return separates ? (maps[place] as tf.Tensor4D) : tf.slice(maps[0] as tf.Tensor4D, place * rows, rows)
    })
    return tf.concat(pieces)
  }
  const count = computed[0]?.downBlockResSamples.length ?? 0
  const down = Array.from({ length: count }, (_, i) =>
    spread(computed.map(({ downBlockResSamples }) => downBlockResSamples[i] as tf.Tensor4D)),
  )
  return { downBlockResSamples: down, midBlockResSample: spread(computed.map(maps => maps.midBlockResSample)) }
}
