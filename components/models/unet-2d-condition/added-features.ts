/** Adds the maps of T2I-Adapters to those of a UNet. Counterpart: models/unets/unet_2d_condition.py (down_intrablock_additional_residuals) */
import * as tf from '../../tensors/tf'
import { InputShapes } from '../input-shapes'
import { ModelInputError } from '../model-input-error'
import type { UNet2DConditionInputs } from './inputs'

/** Adds a map to one of a UNet. */
export type AddFeatures = (map: tf.Tensor4D) => tf.Tensor4D

/** The maps of a call. */
export interface AddedFeatures {
  /** Adds that of a block. @throws ShapeMismatchError */
  addTo(map: tf.Tensor4D, block: number): tf.Tensor4D
  /** Adds the one that is left over, if it has the shape of the map of the middle. */
  addToMiddle(map: tf.Tensor4D, blocks: number): tf.Tensor4D
}

const model = 'UNet2DConditionModel'
const parameter = 'downIntrablockAdditionalResiduals'

/**
 * Returns what adds the maps of a call; `undefined` if none exist.
 *
 * @param blocks - how many blocks the way down has
 * @throws ModelInputError for more maps than there are places
 */
export function addedFeatures(
  blocks: number,
  { downIntrablockAdditionalResiduals: maps, sample }: UNet2DConditionInputs,
): AddedFeatures | undefined {
  if (maps === undefined) return undefined
  if (maps.length > blocks + 1) {
    const problem = `must hold at most ${blocks + 1} maps, one for each block of the way down and the middle, but holds ${maps.length}`
    throw new ModelInputError(model, parameter, problem)
  }
  const rows = (map: tf.Tensor4D, name: string) => {
    const [own] = map.shape
    const [batch] = sample.shape
    if (own === batch) return map
    if (own > 0 && batch % own === 0) return tf.tile(map, [batch / own, 1, 1, 1])
    throw new ModelInputError(model, name, `has ${own} rows, which do not fit the ${batch} rows of sample`)
  }
  const add = (map: tf.Tensor4D, added: tf.Tensor4D, name: string) => map.add<tf.Tensor4D>(rows(added, name))
  return {
    addTo: (map, block) => {
      const added = maps[block]
      if (added === undefined) return map
      const name = `${parameter}.${block}`
      const [, height, width, channels] = map.shape
      new InputShapes(model).check(name, ['rows', height, width, channels], added)
      return add(map, added, name)
    },
    addToMiddle: (map, place) => {
      const added = maps[place]
      const fits = added?.shape.slice(1).join() === map.shape.slice(1).join()
      return added && fits ? add(map, added, `${parameter}.${place}`) : map
    },
  }
}
