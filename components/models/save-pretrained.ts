/** Writes a model into a folder, from which Tesserae and Python load it. Counterpart: models/modeling_utils.py (save_pretrained). */

import { realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UnknownValueError } from '../../src/errors/unknown-value-error'
import { UnsafeSerializationError } from '../../src/errors/unsafe-serialization-error'
import { absolutePath } from '../../src/files/absolute-path'
import { serializeSaves } from '../../src/files/serialize-saves'
import { writeFolderAtomically } from '../../src/files/write-folder-atomically'
import { parseByteSize } from '../../src/format/byte-size'
import { classNameOf } from '../../src/format/class-name'
import type { SavePretrainedOptions } from '../../src/params/component-class'
import type { RowDType, TensorInfo } from '../checkpoints/checkpoint'
import { tensorBytes, viewBytes } from '../checkpoints/copy-tensor'
import { openCheckpoint } from '../checkpoints/open-checkpoint'
import { HEADER_DTYPES, rowScalesKey, scalesShape, storedShape, withRowScales } from '../checkpoints/row-scales'
import { fromFloat32, TORCH_DTYPES } from '../checkpoints/weight-dtypes'
import { isWeightFile, type WeightNameOptions } from '../checkpoints/weight-names'
import { writeCheckpoint } from '../checkpoints/write-checkpoint'
import type { WeightTensor } from '../checkpoints/write-safetensors'
import type { RawConfig } from '../configs/parse-config'
import { readConfig } from '../configs/read-config'
import { snakeCased, writeConfig, writeJson } from '../configs/write-config'
import type { Module } from '../nn/module'
import type { Parameter } from '../nn/parameter'
import { WeightsNotLoadedError } from '../nn/weights-not-loaded-error'
import { UnquantizableModelError } from '../quantization/quantization-errors'
import { QUANTIZATIONS, type Quantization, type WeightForms } from '../quantization/quantization-names'
import { QuantizedParameter } from '../quantization/quantized-parameter'
import { quantizedWeightsOf } from '../quantization/quantized-weights'
import { QUANTIZATION_KEYS, storedSettings } from '../quantization/stored-quantization'
import { storedRows } from '../quantization/stored-rows'
import type { ModelFunction } from './call-size'
import { readQuantization } from './quantized-checkpoint-error'

/** How a class of models is on disk. */
export interface ModelLayout {
  weightsName: WeightNameOptions['weightsName']
  /** The key in a checkpoint of a weight of the model. Default: the same. */
  keyOf?: (name: string) => string
  /** The type of the model in transformers' configs; those of diffusers have none. */
  modelType?: string
}

/** A model that can be saved. */
export type ConfiguredModel = Module & {
  readonly config: RawConfig
  readonly functions: Readonly<Record<string, ModelFunction>>
  /** How the weights are stored in the folder that the model was loaded from, if they are quantized there. */
  storedQuantization?: Quantization | undefined
}

const CONFIG_NAME = 'config.json'

/** The limits of the reference: diffusers' and transformers'. */
const MAX_SHARD_SIZE = { diffusion_pytorch_model: '10GB', model: '5GB' } as const

/**
 * Writes `config.json` and the weights, of the type that they are of. Those that were not cast keep the bytes of the files that they were loaded from,
 * and are copied piece by piece: little memory is needed. The same holds for those that are there in 8 bits, or are quantized one by one for the save.
 *
 * @throws UnknownValueError, UnquantizableModelError, UnquantizableWeightError for weights that cannot be quantized; WeightsNotLoadedError, InvalidByteSizeError, InvalidVariantError, UnsafeSerializationError, UnwritableFileError; SafetensorsError where the weights are in a
 * file that was written to since; the reason of `options.signal`
 */
export async function saveModel(
  model: ConfiguredModel,
  layout: ModelLayout,
  path: string,
  options: SavePretrainedOptions = {},
): Promise<void> {
  // As it is now: the process may change its folder while the save waits for others.
  const folder = absolutePath(path)
  const { safeSerialization, variant, signal } = options
  if (safeSerialization === false) throw new UnsafeSerializationError()
  signal?.throwIfAborted()
  const { weightsName } = layout
  const maxShardSize = parseByteSize(options.maxShardSize ?? MAX_SHARD_SIZE[weightsName], 'maxShardSize', 1)
  const parameters = parametersByKey(model, layout)
  const { quantization, forms } = weightsInBits(model, options.quantization)
  await serializeSaves(async () => {
    await writeFolderAtomically(
      folder,
      async staging => {
        const tensors = Object.fromEntries(
          [...parameters].flatMap(([key, parameter]) => {
            const form = forms.get(parameter)
            if (form === undefined) return [[key, savedTensor(model, key, parameter, signal)]]
            return quantizedTensors({ model, key, parameter, form }, signal)
          }),
        )
        const metadata = quantization ? { quantization: `tesserae ${quantization}` } : {}
        await writeCheckpoint(staging, tensors, { weightsName, variant, maxShardSize, metadata })
        const settings = quantization ? { [QUANTIZATION_KEYS[0]]: storedSettings(quantization) } : {}
        await writeModelConfig(join(staging, CONFIG_NAME), model, layout, settings)
        signal?.throwIfAborted()
      },
      { markers: [CONFIG_NAME], replaces: file => isWeightFile(file, { weightsName, variant }) },
    )
    await relocateWeights(model, layout, folder, options)
  })
}

/**
 * Where a model's weights are in files that a save has replaced: lets them be read from the new ones.
 *
 * @throws SafetensorsError, MissingFileError, InvalidConfigError
 */
export async function relocateWeights(
  model: ConfiguredModel,
  layout: ModelLayout,
  folder: string,
  { variant }: SavePretrainedOptions,
): Promise<void> {
  const parameters = [...parametersByKey(model, layout)]
  const files = new Set(parameters.flatMap(([, { origin }]) => origin?.file ?? []))
  const inside = await filesOfFolder(await realpath(folder), files)
  const replaced = parameters.filter(([, { origin }]) => origin && inside.has(origin.file))
  if (replaced.length === 0) return
  const opened = await openCheckpoint(folder, { weightsName: layout.weightsName, variant })
  try {
    const checkpoint = withRowScales(opened)
    for (const [key, parameter] of replaced) parameter.relocate(checkpoint.info(key))
    model.storedQuantization = readQuantization(await readConfig(folder, CONFIG_NAME), join(folder, CONFIG_NAME))
  } finally {
    await opened.close()
  }
}

/** Those of some files that are, or were, in a folder. */
async function filesOfFolder(folder: string, files: Iterable<string>): Promise<ReadonlySet<string>> {
  const inside = new Set<string>()
  for (const file of files) {
    if ((await realpath(dirname(file)).catch(() => undefined)) === folder) inside.add(file)
  }
  return inside
}

function parametersByKey(model: Module, { keyOf = name => name }: ModelLayout): Map<string, Parameter> {
  return new Map([...model.namedParameters()].map(([name, parameter]) => [keyOf(name), parameter]))
}

/** How a model is saved. */
interface SavedForms {
  /** What the config says. */
  readonly quantization: Quantization | undefined
  readonly forms: WeightForms
}

/**
 * The weights that are saved in integers: those that lie so in their file, and those that are to be quantized.
 *
 * @throws UnknownValueError, UnquantizableModelError
 */
function weightsInBits(model: ConfiguredModel, wanted: string | undefined): SavedForms {
  const stored = model.parameters().flatMap(parameter => storedFormOf(parameter))
  const name = classNameOf(model)
  const quantization = QUANTIZATIONS.find(known => known === wanted)
  if (wanted !== undefined && quantization === undefined)
    throw new UnknownValueError(name, wanted, QUANTIZATIONS, 'quantization')
  if (quantization === undefined) return { quantization: storedQuantizationOf(model, stored), forms: new Map(stored) }
  const chosen = quantizedWeightsOf(model, quantization)
  // What is stored in integers stays so where the quantization has floats: decoding it would gain nothing.
  const forms = new Map([...stored, ...chosen])
  if (forms.size === 0) throw new UnquantizableModelError(name)
  // Without a weight of 4 bits, the others say what the folder is.
  const has4Bits = [...forms.values()].includes('I4_ROWS')
  return { quantization: quantization === 'int4' && !has4Bits ? 'int8wo' : quantization, forms }
}

function storedFormOf(parameter: Parameter): [Parameter, RowDType][] {
  const stored = storedRows(parameter)
  return stored ? [[parameter, stored.form]] : []
}

/** The quantization that the config of the model's folder names; for a model from elsewhere, the one that its weights show. */
function storedQuantizationOf(
  { storedQuantization }: ConfiguredModel,
  stored: readonly (readonly [Parameter, RowDType])[],
): Quantization | undefined {
  if (stored.length === 0) return undefined
  return storedQuantization ?? (stored.some(([, form]) => form === 'I4_ROWS') ? 'int4' : 'int8')
}

/** A weight that is saved in integers. */
interface WeightInBits {
  readonly model: Module
  readonly key: string
  readonly parameter: Parameter
  readonly form: RowDType
}

/** The integers of a weight, and its scales. @throws WeightsNotLoadedError */
function quantizedTensors(
  { model, key, parameter, form }: WeightInBits,
  signal: AbortSignal | undefined,
): [key: string, tensor: WeightTensor][] {
  const name = { model: classNameOf(model), weight: key }
  const { shape, isLoaded } = parameter
  if (!isLoaded) throw new WeightsNotLoadedError(shape, name)
  const quantized = new QuantizedParameter(parameter, form, name)
  const [values, scales] = [storedShape(form, shape), scalesShape(form, shape)]
  return [
    [key, { dtype: HEADER_DTYPES[form], shape: values, data: () => quantized.readPart('values', signal) }],
    [rowScalesKey(key), { dtype: 'F32', shape: scales, data: () => quantized.readPart('scales', signal) }],
  ]
}

/** @throws WeightsNotLoadedError */
function savedTensor(model: Module, key: string, parameter: Parameter, signal: AbortSignal | undefined): WeightTensor {
  const { shape, origin, dtype, cast } = parameter
  if (!parameter.isLoaded) throw new WeightsNotLoadedError(shape, { weight: key, model: classNameOf(model) })
  // Read when its turn comes, so that one tensor at a time is in memory; the file's bytes where they are still there.
  const data = async function* () {
    if (origin && !origin.isTransposed && cast.keepsBytes && (parameter.source || (await isUnchanged(origin))))
      yield* tensorBytes(origin, signal)
    else yield viewBytes(fromFloat32(dtype, parameter.read()))
  }
  return { dtype, shape, data }
}

/** Whether the file is still the one that the numbers in memory were read from. */
async function isUnchanged({ file, stamp }: TensorInfo): Promise<boolean> {
  const now = await stat(file).catch(() => undefined)
  return now !== undefined && stamp?.size === now.size && stamp.modified === now.mtimeMs
}

async function writeModelConfig(
  file: string,
  model: ConfiguredModel,
  { modelType }: ModelLayout,
  quantization: RawConfig,
): Promise<void> {
  const { name } = model.constructor
  if (modelType === undefined) return writeConfig(file, name, { ...model.config, ...quantization })
  await writeJson(file, {
    ...snakeCased(model.config),
    ...quantization,
    architectures: [name],
    model_type: modelType,
    torch_dtype: torchDType(model),
  })
}

/** The type of the first weight, which Python makes a model's type of. */
function torchDType(model: Module): string {
  return TORCH_DTYPES[model.parameters()[0]?.dtype ?? 'F32']
}
