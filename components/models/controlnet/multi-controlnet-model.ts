/** Several ControlNets whose maps are added. Counterpart: models/controlnets/multicontrolnet.py. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { absolutePath } from '../../../src/files/absolute-path'
import { pathOf } from '../../../src/files/path-of'
import type { FromPretrainedOptions, SavePretrainedOptions } from '../../../src/params/component-class'
import type { Executor } from '../../executors/executor'
import { MissingFileError } from '../../files/missing-file-error'
import * as tf from '../../tensors/tf'
import { ModelInputError } from '../model-input-error'
import type { ModelCallOptions } from '../pretrained-model'
import type { ResidualSource } from '../unet-2d-condition/residual-source'
import { ControlNet, type ControlSettings } from './controlnet-base'
import { ControlNetModel } from './controlnet-model'
import type { ControlledUNet } from './fits-unet'
import type { ControlNetInputs, ControlNetOutput } from './inputs'

/** The inputs of MultiControlNetModel. */
export interface MultiControlNetInputs extends Omit<ControlNetInputs, 'controlnetCond' | 'conditioningScale'> {
  /** A picture for each network. */
  controlnetCond: readonly tf.Tensor4D[]
  /** How strong the networks are, for all or for each; default 1. */
  conditioningScale?: number | readonly number[] | undefined
}

/** ControlNets that are used at once, each with a picture and a scale of its own. */
export class MultiControlNetModel extends ControlNet {
  static override readonly className: string = 'MultiControlNetModel'

  /** @throws ModelInputError if none exist */
  constructor(
    /** The networks, in the order of their pictures. */
    readonly nets: readonly ControlNetModel[],
  ) {
    super()
    const [first] = nets
    if (first === undefined)
      throw new ModelInputError(MultiControlNetModel.className, 'nets', 'holds no ControlNetModel')
    this.useExecutor(first.executor)
  }

  /**
   * Loads the networks from the folders `FOLDER`, `FOLDER_1`, `FOLDER_2`, …, where {@link savePretrained} and the reference write them; fails as
   * `ControlNetModel.fromPretrained` does.
   */
  static override async fromPretrained(
    path: string | URL,
    { className: _, ...options }: FromPretrainedOptions = {},
  ): Promise<MultiControlNetModel> {
    const nets: ControlNetModel[] = []
    try {
      for (;;) {
        const place = placeOf(path, options, nets.length)
        const net = await loadNext(place, nets.length === 0)
        if (net === undefined) return new MultiControlNetModel(nets)
        nets.push(net)
      }
    } catch (error) {
      for (const net of nets) net.dispose()
      throw error
    }
  }

  override get globalPoolConditions(): boolean {
    // As the reference does: the first speaks for all.
    return this.nets[0]?.globalPoolConditions ?? false
  }

  override get pictureCount(): number {
    return this.nets.length
  }

  override get pixelsPerLatent(): number {
    return this.nets[0]?.pixelsPerLatent ?? 8
  }

  override mismatch(unet: ControlledUNet): string | undefined {
    for (const [i, net] of this.nets.entries()) {
      const mismatch = net.mismatch(unet)
      if (mismatch !== undefined) return `of network ${i}: ${mismatch}`
    }
    return undefined
  }

  override residualSources({ pictures, scales, ...settings }: ControlSettings): ResidualSource[] {
    return this.nets.flatMap((net, i) =>
      net.residualSources({ ...settings, pictures: pictures.slice(i, i + 1), scales: scales.slice(i, i + 1) }),
    )
  }

  override useExecutor(executor: Executor): this {
    for (const net of this.nets) net.useExecutor(executor)
    return super.useExecutor(executor)
  }

  override dispose(): void {
    super.dispose()
    for (const net of this.nets) net.dispose()
  }

  /** Writes each network into a folder of its own: `FOLDER`, `FOLDER_1`, …; fails as that of a single one does. */
  override async savePretrained(folder: string | URL, options?: SavePretrainedOptions): Promise<void> {
    const first = absolutePath(pathOf(folder, 'folder'))
    for (const [i, net] of this.nets.entries()) await net.savePretrained(suffixed(first, i), options)
  }

  override async savedTo(folder: string, options: SavePretrainedOptions): Promise<void> {
    for (const [i, net] of this.nets.entries()) await net.savedTo(suffixed(folder, i), options)
  }

  /**
   * The sum of the maps of all networks, computed one after the other.
   *
   * @throws ModelInputError for another number of pictures or scales than networks; what a ControlNetModel throws
   */
  async call(
    { controlnetCond, conditioningScale = 1, ...inputs }: MultiControlNetInputs,
    options?: ModelCallOptions,
  ): Promise<ControlNetOutput> {
    const scales = typeof conditioningScale === 'number' ? this.nets.map(() => conditioningScale) : conditioningScale
    for (const [name, { length }] of Object.entries({ controlnetCond, conditioningScale: scales })) {
      if (length === this.nets.length) continue
      const problem = `must hold one for each of the ${this.nets.length} networks, but holds ${length}`
      throw new ModelInputError(MultiControlNetModel.className, name, problem)
    }
    let sum: ControlNetOutput | undefined
    for (const [i, net] of this.nets.entries()) {
      const picture = controlnetCond[i] as tf.Tensor4D // The lengths are equal.
      const own = await net.call({ ...inputs, controlnetCond: picture, conditioningScale: scales[i] ?? 1 }, options)
      sum = sum === undefined ? own : addOutputs(sum, own)
    }
    return sum as ControlNetOutput // There is a network.
  }
}

function addOutputs(a: ControlNetOutput, b: ControlNetOutput): ControlNetOutput {
  const sum = {
    downBlockResSamples: a.downBlockResSamples.map((map, i) =>
      map.add<tf.Tensor4D>(b.downBlockResSamples[i] as tf.Tensor4D),
    ),
    midBlockResSample: a.midBlockResSample.add<tf.Tensor4D>(b.midBlockResSample),
  }
  tf.dispose([...a.downBlockResSamples, a.midBlockResSample, ...b.downBlockResSamples, b.midBlockResSample])
  return sum
}

/** Where one of the networks lies. */
interface NetPlace {
  readonly path: string
  readonly options: FromPretrainedOptions
}

function placeOf(path: string | URL, options: FromPretrainedOptions, index: number): NetPlace {
  const { subfolder } = options
  if (subfolder === undefined) return { path: suffixed(pathOf(path), index), options }
  return { path: pathOf(path), options: { ...options, subfolder: suffixed(subfolder, index) } }
}

/** The network of a folder; `undefined` behind the last. A folder that is there must hold one. */
async function loadNext({ path, options }: NetPlace, isFirst: boolean): Promise<ControlNetModel | undefined> {
  const isThere = existsSync(join(path, options.subfolder ?? ''))
  try {
    return await ControlNetModel.fromPretrained(path, options)
  } catch (error) {
    if (isFirst || isThere || !(error instanceof MissingFileError)) throw error
    return undefined
  }
}

function suffixed(name: string, index: number): string {
  return index === 0 ? name : `${name.replace(/\/+$/, '')}_${index}`
}
