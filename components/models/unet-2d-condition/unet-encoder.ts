/** What a UNet and a ControlNet have in common: the way down and the middle, and what tells them of time and prompt. */
import { Conv2d } from '../../nn/conv2d'
import { Embedding } from '../../nn/embedding'
import * as tf from '../../tensors/tf'
import { TimestepEmbedding, Timesteps } from '../layers/timestep-embedding'
import type { AddedFeatures } from './added-features'
import type { BlockInputs } from './block-parts'
import { createDownBlocks, createMidBlock } from './create-blocks'
import type { DownBlock } from './down-block'
import type { UNetEncoderConfig } from './encoder-config'
import type { UNetEncoderInputs } from './encoder-inputs'
import type { MidBlock } from './mid-block'

/** The parts, as fields of a model: named as the keys of checkpoints. */
export interface UNetEncoder {
  readonly convIn: Conv2d
  readonly timeProj: Timesteps
  readonly timeEmbedding: TimestepEmbedding
  readonly classEmbedding?: Embedding | TimestepEmbedding | undefined
  readonly addTimeProj?: Timesteps | undefined
  readonly addEmbedding?: TimestepEmbedding | undefined
  readonly downBlocks: readonly DownBlock[]
  readonly midBlock?: MidBlock | undefined
}

/** Makes the parts. @param convInKernel - side of the kernel of the first convolution */
export function createUNetEncoder(config: UNetEncoderConfig, convInKernel: number): UNetEncoder {
  const { actFn, inChannels, flipSinToCos, freqShift: downscaleFreqShift, blockOutChannels } = config
  const [firstChannels = 0] = blockOutChannels
  const timeEmbedDim = timeEmbedDimOf(config)
  const projectionDim = config.projectionClassEmbeddingsInputDim ?? 0
  return {
    convIn: new Conv2d(inChannels, firstChannels, sameSize(convInKernel)),
    timeProj: new Timesteps({ embeddingDim: firstChannels, flipSinToCos, downscaleFreqShift }),
    timeEmbedding: new TimestepEmbedding({
      inChannels: firstChannels,
      timeEmbedDim,
      actFn,
      condProjDim: config.timeCondProjDim ?? undefined,
    }),
    ...classEmbedding(config, timeEmbedDim),
    ...(config.additionEmbedType === 'text_time' && {
      addTimeProj: new Timesteps({ embeddingDim: config.additionTimeEmbedDim ?? 0, flipSinToCos, downscaleFreqShift }),
      addEmbedding: new TimestepEmbedding({ inChannels: projectionDim, timeEmbedDim }),
    }),
    downBlocks: createDownBlocks(config, timeEmbedDim),
    midBlock: createMidBlock(config, timeEmbedDim),
  }
}

/** Width of the time embedding. */
export function timeEmbedDimOf({ timeEmbeddingDim, blockOutChannels }: UNetEncoderConfig): number {
  return timeEmbeddingDim ?? 4 * (blockOutChannels[0] ?? 0)
}

function classEmbedding(config: UNetEncoderConfig, timeEmbedDim: number): Pick<UNetEncoder, 'classEmbedding'> {
  const { classEmbedType, numClassEmbeds, projectionClassEmbeddingsInputDim } = config
  if (classEmbedType === 'projection') {
    const inChannels = projectionClassEmbeddingsInputDim ?? 0
    return { classEmbedding: new TimestepEmbedding({ inChannels, timeEmbedDim }) }
  }
  return numClassEmbeds === null ? {} : { classEmbedding: new Embedding(numClassEmbeds, timeEmbedDim) }
}

/** Returns the vector that tells every residual block of time and class: `[batch, timeEmbedDim]`. */
export function embedConditions(
  encoder: UNetEncoder,
  inputs: UNetEncoderInputs,
  timestepCond?: tf.Tensor2D | undefined,
): tf.Tensor2D {
  const { sample, timestep, classLabels, addedCondKwargs } = inputs
  const { timeProj, timeEmbedding, classEmbedding, addTimeProj, addEmbedding } = encoder
  const timesteps = perSample(timestep, sample.shape[0])
  let emb = timeEmbedding.forward(timeProj.forward(timesteps), timestepCond)
  if (classEmbedding && classLabels) emb = emb.add(classEmbedding.forward(classLabels as tf.Tensor2D))
  if (addEmbedding && addTimeProj && addedCondKwargs) {
    const { textEmbeds, timeIds } = addedCondKwargs
    const times = addTimeProj.forward(timeIds.flatten()).reshape<tf.Tensor2D>([textEmbeds.shape[0], -1])
    emb = emb.add(addEmbedding.forward(tf.concat([textEmbeds, times], 1)))
  }
  return emb
}

/** What {@link encodeMaps} returns. */
export interface EncodedMaps {
  /** The map of the middle. */
  hiddenStates: tf.Tensor4D
  /** The map that the way down begins with, and those after each of its layers. */
  residuals: tf.Tensor4D[]
}

/**
 * Goes from the map after the first convolution to the middle.
 *
 * @param added - adds the maps of T2I-Adapters, one for each block; one that is left over is added to the map of the middle if it has its shape
 */
export function encodeMaps(
  { downBlocks, midBlock }: UNetEncoder,
  first: tf.Tensor4D,
  blockInputs: BlockInputs,
  added?: AddedFeatures | undefined,
): EncodedMaps {
  const residuals = [first]
  let x = first
  for (const [i, block] of downBlocks.entries()) {
    const add = added && ((map: tf.Tensor4D) => added.addTo(map, i))
    const isInside = block.attentions.length > 0
    const [hiddenStates, outputs] = block.forward(x, blockInputs, isInside ? add : undefined)
    x = add && !isInside ? add(hiddenStates) : hiddenStates
    // Without attention, the reference adds to the result of the block in place.
    if (add && !isInside) outputs[outputs.length - 1] = x
    residuals.push(...outputs)
  }
  if (midBlock === undefined) return { hiddenStates: x, residuals }
  const hiddenStates = midBlock.forward(x, blockInputs)
  return { hiddenStates: added?.addToMiddle(hiddenStates, downBlocks.length) ?? hiddenStates, residuals }
}

/** The options of a convolution that leaves the size of the map as it is. */
export function sameSize(kernelSize: number) {
  return { kernelSize, padding: Math.floor((kernelSize - 1) / 2) }
}

/** A timestep for each sample: `[batch]`. */
function perSample(timestep: UNetEncoderInputs['timestep'], batch: number): tf.Tensor1D {
  if (typeof timestep === 'number') return tf.fill([batch], timestep)
  return timestep.size === 1 ? tf.tile(timestep.reshape<tf.Tensor1D>([1]), [batch]) : timestep.reshape([batch])
}
