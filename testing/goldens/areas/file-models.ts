/** Models out of one file, and their recorded calls. */
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { type CLIPTextInputs, CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import { ControlNetModel } from '../../../components/models/controlnet/controlnet-model'
import type { ControlNetInputs } from '../../../components/models/controlnet/inputs'
import type { ModuleHook } from '../../../components/models/hooks/module-hook'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import type { UNet2DConditionInputs } from '../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import * as tf from '../../../components/tensors/tf'
import type { FromSingleFileOptions } from '../../../src/params/component-class'
import { expectClose, GoldenMismatch } from '../compare'
import { type GoldenCase, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst, toTensor } from '../layout'
import type { ModelInputs } from './model-subjects'
import { isTensorName, readInputs, type TensorName } from './recorded-inputs'

/** Name of an output → the recorded tensor. */
export type RecordedOutputs = Readonly<Record<string, TensorName>>

/** A call of one model, with what it gave in the reference. */
export interface ComponentCall {
  readonly component: string
  readonly call: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly outputs: RecordedOutputs
}

/** A model that is read from one file, with the way to make its recorded calls. */
interface FileModelClass<M extends PretrainedModel> {
  fromSingleFile(path: string, options: FromSingleFileOptions): Promise<M>
}

type Call = (
  kind: string,
  inputs: ModelInputs,
  hooks: readonly ModuleHook[],
) => Promise<Readonly<Record<string, tf.Tensor>>>

/** A model of a file, with the way to make its recorded calls. */
export interface FileModel {
  readonly model: PretrainedModel
  readonly call: Call
}

function subject<M extends PretrainedModel>(modelClass: FileModelClass<M>, callOf: (model: M) => Call) {
  return async (file: string, options: FromSingleFileOptions): Promise<FileModel> => {
    const model = await modelClass.fromSingleFile(file, options)
    return { model, call: callOf(model) }
  }
}

/** Component → how it is loaded and called. */
const subjects: Readonly<Record<string, ReturnType<typeof subject>>> = {
  unet: subject(UNet2DConditionModel, model => async (_kind, inputs, hooks) => ({
    sample: await model.call(inputs as unknown as UNet2DConditionInputs, { hooks }),
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
  text_encoder: subject(CLIPTextModel, model => (_kind, inputs, hooks) => encodeText(model, inputs, hooks)),
  text_encoder_2: subject(
    CLIPTextModelWithProjection,
    model => (_kind, inputs, hooks) => encodeText(model, inputs, hooks),
  ),
}

/** Loads a component from a file. @throws UnsupportedGoldenError for a component without a counterpart */
export function loadFileModel(component: string, file: string, options: FromSingleFileOptions): Promise<FileModel> {
  const load = subjects[component]
  if (load === undefined) throw new UnsupportedGoldenError(`the component ${component}`)
  return load(file, options)
}

/** Makes a recorded call, and compares what it gives. @throws GoldenMismatch */
export async function checkModelCall(
  golden: GoldenCase,
  recorded: ComponentCall,
  outputs: RecordedOutputs,
  { call }: FileModel,
  tolerance: Tolerance,
  hooks: readonly ModuleHook[] = [],
): Promise<void> {
  const tensors = new Map<string, tf.Tensor>()
  for (const value of Object.values(recorded.arguments)) {
    if (isTensorName(value)) tensors.set(value.tensor, toTensor(await golden.tensor(value.tensor)))
  }
  try {
    const ours = await call(recorded.call, readInputs(recorded.arguments, tensors), hooks)
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
  hooks: readonly ModuleHook[],
): Promise<Record<string, tf.Tensor>> {
  const given = { ...(inputs as unknown as CLIPTextInputs), outputHiddenStates: true }
  const { hiddenStates, lastHiddenState, ...pooled } = await model.call(given, { hooks })
  const penultimate = hiddenStates.at(-2) as tf.Tensor3D // There are the embeddings and a layer at least.
  tf.dispose(hiddenStates.filter(states => states !== penultimate))
  return {
    last_hidden_state: lastHiddenState,
    penultimate_hidden_state: penultimate,
    ...('textEmbeds' in pooled ? { text_embeds: pooled.textEmbeds } : { pooler_output: pooled.poolerOutput }),
  }
}
