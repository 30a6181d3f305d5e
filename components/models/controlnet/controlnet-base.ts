/** What ControlNets have in common. */
import { classNameOf } from '../../../src/format/class-name'
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import type { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import { ComponentClassError } from '../../configs/component-class-error'
import { fetchConfig } from '../../configs/fetch-config'
import type { RawConfig } from '../../configs/parse-config'
import type * as tf from '../../tensors/tf'
import { PretrainedModel } from '../pretrained-model'
import type { ResidualSource } from '../unet-2d-condition/residual-source'
import type { ControlledUNet } from './fits-unet'

/** What a pipeline's ControlNets are to do in one step. */
export interface ControlSettings {
  /** The pictures, one for each network or kind: `[rows, height, width, channels]` with values between 0 and 1, or placeholders for preparing. */
  readonly pictures: readonly (tf.Tensor4D | TensorPlaceholder)[]
  /** How strong each picture is. */
  readonly scales: readonly number[]
  /** Whether maps grow on the way down. */
  readonly guessMode: boolean
  /** The kinds of the pictures, for networks that know several. */
  readonly kinds?:
    | {
        /** The kind of each picture: `[pictures]` (int32). */
        readonly idx: tf.Tensor1D | TensorPlaceholder
        /** 1 for kinds that are given: `[1, kinds]`. */
        readonly type: tf.Tensor2D | TensorPlaceholder
      }
    | undefined
  /** For which of the equal parts of a batch the maps are. Default: for all. */
  readonly parts?: readonly boolean[] | undefined
}

/** A class of ControlNets. */
export interface ControlNetClass<T extends ControlNet = ControlNet> {
  readonly name: string
  readonly prototype: T
  fromConfig?(config: RawConfig, file?: string): T
  fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<T>
  fromSingleFile?(path: string | URL, options?: FromPretrainedOptions): Promise<T>
}

const registered = new Map<string, ControlNetClass>()

/**
 * One network, or several, that look at pictures and at noisy latents, and compute maps that are added to those of a UNet, so that it draws along the pictures.
 */
export abstract class ControlNet extends PretrainedModel {
  static override readonly className: string = 'ControlNet'

  /** Whether the maps are averaged over all positions, so that the style of a picture counts and not its outline. */
  abstract get globalPoolConditions(): boolean

  /** How many pictures the model takes; `undefined` for any number, each with its kind. */
  abstract get pictureCount(): number | undefined

  /** How many kinds of pictures the model tells apart. */
  get kindCount(): number {
    return 1
  }

  /** How many pixels of a picture stand for one position of the latents. */
  abstract get pixelsPerLatent(): number

  /** Returns what a UNet's call computes the maps with. */
  abstract residualSources(settings: ControlSettings): ResidualSource[]

  /** Says why the model does not fit a UNet; `undefined` if it does. */
  abstract mismatch(unet: ControlledUNet): string | undefined

  /** Makes classes known to {@link fromConfig} and {@link fromPretrained} of the base class. */
  static register(...classes: readonly ControlNetClass[]): void {
    for (const controlNetClass of classes) registered.set(classNameOf(controlNetClass), controlNetClass)
  }

  /**
   * A model without weights, of the class that the config names.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError; ComponentClassError for a class that is not known, or that no config describes
   */
  static fromConfig(config: RawConfig, file = 'config'): ControlNet {
    const name = config['_class_name'] ?? config['_className']
    const type = chooseClass(name, file)
    if (type.fromConfig === undefined) throw new ComponentClassError(knownClasses(), String(name), file)
    return type.fromConfig(config, file)
  }

  /**
   * Loads a model from a folder in the diffusers layout, of the class that the model's index names, otherwise its config.
   *
   * @throws ComponentClassError for a class that is not known; what `fromPretrained` of the class throws
   */
  static async fromPretrained(path: string | URL, options: FromPretrainedOptions = {}): Promise<ControlNet> {
    const { className } = options
    if (className !== undefined) return chooseClass(className, `The index of ${path}`).fromPretrained(path, options)
    const { config, file } = await fetchConfig(path, 'config.json', options)
    return chooseClass(config['_class_name'], file).fromPretrained(path, options)
  }

  /** Loads a ControlNetModel from one file of weights; fails as `ControlNetModel.fromSingleFile` does. */
  static async fromSingleFile(path: string | URL, options: FromPretrainedOptions = {}): Promise<ControlNet> {
    const type = chooseClass(options.className, `The index of ${path}`)
    if (type.fromSingleFile) return type.fromSingleFile(path, options)
    throw new ComponentClassError('ControlNetModel', options.className ?? classNameOf(type), String(path))
  }
}

/** ControlNetModel if nothing is named. */
function chooseClass(name: unknown, source: string): ControlNetClass {
  const wanted = typeof name === 'string' ? name : 'ControlNetModel'
  const found = registered.get(wanted)
  if (found === undefined) throw new ComponentClassError(knownClasses(), wanted, source)
  return found
}

function knownClasses(): string {
  return `ControlNet (${[...registered.keys()].join(' or ')})`
}
