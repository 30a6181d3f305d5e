/** The `single_file` area: models out of files in their original key layout, with the settings that lie beside them. */
import { join } from 'node:path'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { type CLIPTextInputs, CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import { ControlNetModel } from '../../../components/models/controlnet/controlnet-model'
import type { ControlNetInputs } from '../../../components/models/controlnet/inputs'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import type { UNet2DConditionInputs } from '../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import * as tf from '../../../components/tensors/tf'
import type { FromSingleFileOptions } from '../../../src/params/component-class'
import { expectClose, GoldenMismatch } from '../compare'
import { type GoldenCase, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst, toTensor } from '../layout'
import type { ModelInputs } from './model-subjects'
import { isTensorName, readInputs, type TensorName } from './recorded-inputs'

const FALLBACK: Tolerance = { atol: 2e-4, rtol: 2e-4 }

type Outputs = Readonly<Record<string, TensorName>>

interface RecordedFile {
  readonly file: string
  readonly components?: readonly string[]
  /** What a file with other values than the folder's gives, by component and call. */
  readonly outputs?: Readonly<Record<string, Outputs>>
  /** What the averaged weights give. */
  readonly ema_outputs?: Readonly<Record<string, Outputs>>
}

interface ComponentCall {
  readonly component: string
  readonly call: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly outputs: Outputs
}

/** A model that is read from one file, with the way to make its recorded calls. */
interface FileModelClass<M extends PretrainedModel> {
  fromSingleFile(path: string, options: FromSingleFileOptions): Promise<M>
}

type Call = (kind: string, inputs: ModelInputs) => Promise<Readonly<Record<string, tf.Tensor>>>

function subject<M extends PretrainedModel>(modelClass: FileModelClass<M>, callOf: (model: M) => Call) {
  return async (file: string, options: FromSingleFileOptions) => {
    const model = await modelClass.fromSingleFile(file, options)
    return { model, call: callOf(model) }
  }
}

/** Component → how it is loaded and called. */
const subjects: Readonly<Record<string, ReturnType<typeof subject>>> = {
  unet: subject(UNet2DConditionModel, model => async (_kind, inputs) => ({
    sample: await model.call(inputs as unknown as UNet2DConditionInputs),
  })),
  vae: subject(
    AutoencoderKL,
    model => (kind, inputs) => (kind === 'encode' ? encode(model, inputs) : decode(model, inputs)),
  ),
  controlnet: subject(ControlNetModel, model => async (_kind, inputs) => {
    const output = await model.call(inputs as unknown as ControlNetInputs)
    const residuals = output.downBlockResSamples.map((sample, i) => [`down_block_res_samples.${i}`, sample] as const)
    return { ...Object.fromEntries(residuals), mid_block_res_sample: output.midBlockResSample }
  }),
  text_encoder: subject(CLIPTextModel, model => (_kind, inputs) => encodeText(model, inputs)),
  text_encoder_2: subject(CLIPTextModelWithProjection, model => (_kind, inputs) => encodeText(model, inputs)),
}

/** Names of the files of a case. */
export function singleFiles(json: Json): readonly string[] {
  const files = filesOf(json).map(({ file }) => file)
  return files.length === 0 ? [''] : files
}

function filesOf({ files, recognition }: Json): readonly RecordedFile[] {
  // Other cases are about adapters and families that are not read from one file.
  return recognition === undefined ? [] : (files as readonly RecordedFile[])
}

/**
 * Checks the models of one file.
 *
 * @param part the file
 * @param options how the models are loaded, and a tolerance in place of the case's
 */
export async function checkSingleFile(
  golden: GoldenCase,
  part: string,
  { tolerance = golden.tolerance(FALLBACK), ...options }: FromSingleFileOptions & { tolerance?: Tolerance } = {},
): Promise<void> {
  const recorded = filesOf(golden.json).find(({ file }) => file === part)
  if (recorded === undefined) throw new UnsupportedGoldenError(`the case ${golden.name}`)
  const calls = golden.json.calls as readonly ComponentCall[]
  // A file without a list of components holds what the library cannot read, and its text encoder.
  for (const component of recorded.components ?? ['text_encoder']) {
    const ofComponent = calls.filter(call => call.component === component)
    await checkComponent(golden, recorded, component, ofComponent, recorded.outputs, tolerance, options)
    const averaged = recorded.ema_outputs
    if (averaged && Object.keys(averaged).some(name => name.startsWith(`${component}.`))) {
      await checkComponent(golden, recorded, component, ofComponent, averaged, tolerance, {
        ...options,
        extractEma: true,
      })
    }
  }
}

async function checkComponent(
  golden: GoldenCase,
  { file }: RecordedFile,
  component: string,
  calls: readonly ComponentCall[],
  others: RecordedFile['outputs'],
  tolerance: Tolerance,
  options: FromSingleFileOptions,
): Promise<void> {
  const load = subjects[component]
  if (load === undefined) throw new UnsupportedGoldenError(`the component ${component}`)
  // The folder of a case of one model is that of the model.
  const subfolder = singleModel(golden) ? '.' : component
  const config = join(golden.folder, 'diffusers')
  const { model, call } = await load(join(golden.folder, file), { config, subfolder, ...options })
  try {
    for (const each of calls) {
      const outputs = others === undefined ? each.outputs : others[`${component}.${each.call}`]
      if (outputs !== undefined) await checkCall(golden, each, outputs, call, tolerance)
    }
  } finally {
    model.dispose()
  }
}

function singleModel({ json }: GoldenCase): boolean {
  return new Set((json.calls as readonly ComponentCall[]).map(({ component }) => component)).size === 1
}

async function checkCall(
  golden: GoldenCase,
  recorded: ComponentCall,
  outputs: Outputs,
  call: Call,
  tolerance: Tolerance,
): Promise<void> {
  const tensors = new Map<string, tf.Tensor>()
  for (const value of Object.values(recorded.arguments)) {
    if (isTensorName(value)) tensors.set(value.tensor, toTensor(await golden.tensor(value.tensor)))
  }
  try {
    const ours = await call(recorded.call, readInputs(recorded.arguments, tensors))
    try {
      for (const [name, { tensor }] of Object.entries(outputs)) {
        const what = `${recorded.component}.${recorded.call} ${name}`
        const result = ours[name]
        if (result === undefined) throw new GoldenMismatch(what, 'an output', 'none')
        expectClose(what, toChannelsFirst(result), await golden.tensor(tensor), tolerance)
      }
    } finally {
      tf.dispose(Object.values(ours))
    }
  } finally {
    tf.dispose([...tensors.values()])
  }
}

async function encode(model: AutoencoderKL, inputs: ModelInputs): Promise<Record<string, tf.Tensor>> {
  const { moments, mean, logvar, std } = await model.encode(inputs.x as tf.Tensor4D)
  return { moments, mean, logvar, std }
}

async function decode(model: AutoencoderKL, inputs: ModelInputs): Promise<Record<string, tf.Tensor>> {
  return { sample: await model.decode(inputs.z as tf.Tensor4D) }
}

async function encodeText(
  model: CLIPTextModel | CLIPTextModelWithProjection,
  inputs: ModelInputs,
): Promise<Record<string, tf.Tensor>> {
  const given = { ...(inputs as unknown as CLIPTextInputs), outputHiddenStates: true }
  const { hiddenStates, lastHiddenState, ...pooled } = await model.call(given)
  const penultimate = hiddenStates.at(-2) as tf.Tensor3D // There are the embeddings and a layer at least.
  tf.dispose(hiddenStates.filter(states => states !== penultimate))
  return {
    last_hidden_state: lastHiddenState,
    penultimate_hidden_state: penultimate,
    ...('textEmbeds' in pooled ? { text_embeds: pooled.textEmbeds } : { pooler_output: pooled.poolerOutput }),
  }
}
