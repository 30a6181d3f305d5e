/** What ControlNets are called with, and the checks of it. */
import type * as tf from '../../tensors/tf'
import { InputShapes } from '../input-shapes'
import { ModelInputError } from '../model-input-error'
import { checkEncoderInputs, InputPresence, type UNetEncoderInputs } from '../unet-2d-condition/encoder-inputs'
import type { ControlNetConfig, ControlNetUnionConfig } from './config'

/** What a ControlNet computes: maps that are added to those of a UNet. */
export interface ControlNetOutput {
  /** One for each map of the way down: `[batch, height', width', channels]`, or `[batch, 1, 1, channels]` with `globalPoolConditions`. */
  downBlockResSamples: tf.Tensor4D[]
  /** For the map of the middle. */
  midBlockResSample: tf.Tensor4D
}

/** The inputs of ControlNetModel. */
export interface ControlNetInputs extends UNetEncoderInputs {
  /**
   * The picture, with values between 0 and 1: `[batch, height · 8, width · 8, conditioningChannels]`. If it has fewer rows than `sample`, they are repeated:
   * row 0 for sample 0, row 1 for sample 1, …, and row 0 again.
   */
  controlnetCond: tf.Tensor4D
  /** How strong the maps are; default 1. A tensor of one number for each map, the middle at the end, is taken as it is. */
  conditioningScale?: number | tf.Tensor1D | undefined
  /** Whether the maps grow from 0.1 to 1 on the way down, for drawing without a prompt; default false. */
  guessMode?: boolean | undefined
}

/** The inputs of ControlNetUnionModel. */
export interface ControlNetUnionInputs extends UNetEncoderInputs {
  /** The pictures, one for each of `controlTypeIdx`; each as for a ControlNetModel. */
  controlnetCond: readonly tf.Tensor4D[]
  /** 1 for the kinds of the pictures, 0 for the others: `[batch, numControlType]`; fewer rows are repeated. */
  controlType: tf.Tensor2D
  /** The kind of each picture, from 0 on; `[pictures]` (int32) as a tensor. */
  controlTypeIdx: readonly number[] | tf.Tensor1D
  /** How strong the pictures are, for all or for each; default 1. A tensor `[pictures]` is taken as it is, and comes with `residualScale`. */
  conditioningScale?: number | readonly number[] | tf.Tensor1D | undefined
  /** How strong each map is, the middle at the end: `[maps]`. Follows from the scales of the pictures where it is not given. */
  residualScale?: tf.Tensor1D | undefined
  /** Whether the maps grow from 0.1 to 1 on the way down; default false. */
  guessMode?: boolean | undefined
  /** Whether the scale of a picture acts on the maps, as that of a single one does; default false. */
  fromMulti?: boolean | undefined
}

/** Checks presence and shapes before anything is computed. @throws ShapeMismatchError, ModelInputError */
export function checkControlNetInputs(model: string, config: ControlNetConfig, inputs: ControlNetInputs): void {
  const shapes = new InputShapes(model)
  checkEncoderInputs(config, inputs, shapes, new InputPresence(model, inputs))
  checkPicture(model, config, inputs.sample, inputs.controlnetCond, 'controlnetCond')
}

/** Checks presence and shapes before anything is computed. @throws ShapeMismatchError, ModelInputError */
export function checkControlNetUnionInputs(
  model: string,
  config: ControlNetUnionConfig,
  inputs: ControlNetUnionInputs,
): void {
  const { controlnetCond, controlTypeIdx, controlType, sample } = inputs
  const shapes = new InputShapes(model)
  const presence = new InputPresence(model, inputs)
  checkEncoderInputs(config, inputs, shapes, presence)
  presence.need('controlnetCond')
  presence.need('controlTypeIdx')
  const kinds = Array.isArray(controlTypeIdx) ? controlTypeIdx.length : (controlTypeIdx as tf.Tensor1D).size
  if (controlnetCond.length === 0 || controlnetCond.length !== kinds) {
    const problem = `must hold a picture for each of the ${kinds} kinds in controlTypeIdx, but holds ${controlnetCond.length}`
    throw new ModelInputError(model, 'controlnetCond', problem)
  }
  for (const kind of Array.isArray(controlTypeIdx) ? (controlTypeIdx as readonly number[]) : []) {
    if (Number.isInteger(kind) && kind >= 0 && kind < config.numControlType) continue
    const problem = `holds ${kind}, but the model knows the kinds 0 to ${config.numControlType - 1}`
    throw new ModelInputError(model, 'controlTypeIdx', problem)
  }
  for (const [i, picture] of controlnetCond.entries()) {
    checkPicture(model, config, sample, picture, `controlnetCond.${i}`)
  }
  shapes.checkGiven('controlType', ['types', config.numControlType], controlType)
  checkRows(model, 'controlType', controlType, sample)
}

/** How many pixels of the picture stand for one position of the latents. */
export function pixelsPerLatent(config: { readonly conditioningEmbeddingOutChannels: readonly number[] }): number {
  return 2 ** (config.conditioningEmbeddingOutChannels.length - 1)
}

function checkPicture(
  model: string,
  config: ControlNetConfig | ControlNetUnionConfig,
  sample: tf.Tensor4D,
  picture: tf.Tensor4D,
  name: string,
): void {
  const scale = pixelsPerLatent(config)
  const [, height, width] = sample.shape
  const shape = ['pictures', height * scale, width * scale, config.conditioningChannels] as const
  new InputShapes(model).checkGiven(name, shape, picture)
  checkRows(model, name, picture, sample)
}

function checkRows(model: string, name: string, value: tf.Tensor, sample: tf.Tensor4D): void {
  const [rows = 0] = value.shape
  if (rows > 0 && sample.shape[0] % rows === 0) return
  throw new ModelInputError(model, name, `has ${rows} rows, which do not fit the ${sample.shape[0]} rows of sample`)
}
