/** The `models` area: every call of a model, with the outputs of the modules inside it where they are recorded. */
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import type { DiagonalGaussianDistribution } from '../../../components/models/autoencoder-kl/diagonal-gaussian-distribution'
import { type CLIPTextInputs, CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import { layerSkipConfig, layerSkipHooks } from '../../../components/models/hooks/layer-skip'
import type { ModuleHook } from '../../../components/models/hooks/module-hook'
import { smoothedEnergyConfig, smoothedEnergyHooks } from '../../../components/models/hooks/smoothed-energy'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import type { UNet2DConditionInputs } from '../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import { tapOutputs } from '../../../components/nn/tap-outputs'
import { Generator } from '../../../components/random/generator'
import { randnTensor } from '../../../components/random/randn-tensor'
import * as tf from '../../../components/tensors/tf'
import { toCamelCase } from '../../../src'
import { expectClose, GoldenMismatch } from '../compare'
import { type GoldenCase, type GoldenTensor, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst, toTensor } from '../layout'

const FALLBACK: Tolerance = { atol: 2e-4, rtol: 2e-4 }

interface TensorName {
  tensor: string
}

interface RecordedCall {
  name: string
  call: string
  arguments: Record<string, unknown>
  outputs: Record<string, TensorName>
  /** What is changed inside the model, by the reference's settings. */
  hooks?: readonly RecordedHook[]
  intermediates?: Record<string, TensorName>
}

type RecordedHook = { layer_skip: Json } | { smoothed_energy: Json }

type Inputs = Readonly<Record<string, unknown>>

/** A model with a way to make one of its calls; the outputs have the goldens' names. */
interface ModelSubject {
  readonly model: PretrainedModel
  call(kind: string, inputs: Inputs, hooks: readonly ModuleHook[]): Promise<Readonly<Record<string, tf.Tensor>>>
}

/** How each class is loaded and called. */
const subjects: Readonly<Record<string, (folder: string) => Promise<ModelSubject>>> = {
  UNet2DConditionModel: async folder => {
    const model = await UNet2DConditionModel.fromPretrained(folder)
    return {
      model,
      call: async (_kind, inputs, hooks) => ({
        sample: await model.call(inputs as unknown as UNet2DConditionInputs, { hooks }),
      }),
    }
  },
  AutoencoderKL: async folder => {
    const model = await AutoencoderKL.fromPretrained(folder)
    return {
      model,
      call: async (kind, inputs) =>
        kind === 'encode' ? encode(model, inputs) : { sample: await model.decode(inputs.z as tf.Tensor4D) },
    }
  },
  CLIPTextModel: async folder => {
    const model = await CLIPTextModel.fromPretrained(folder)
    return { model, call: (_kind, inputs) => encodeText(model, model, inputs) }
  },
  CLIPTextModelWithProjection: async folder => {
    const model = await CLIPTextModelWithProjection.fromPretrained(folder)
    return { model, call: (_kind, inputs) => encodeText(model, model.textModel, inputs) }
  },
}

// Arguments that apply an adapter, which a model alone does not do; with a scale of zero there is nothing to apply.
const adapterArguments = ['lora_scale', 'ip_adapter_scale'] as const

async function encode(model: AutoencoderKL, inputs: Inputs): Promise<Record<string, tf.Tensor>> {
  const distribution: DiagonalGaussianDistribution = await model.encode(inputs.x as tf.Tensor4D)
  const { moments, mean, logvar, std } = distribution
  const noise = randnTensor(mean.shape, new Generator(inputs.sampleGeneratorSeed as number))
  const sample = distribution.sample(noise)
  noise.dispose()
  return { moments, mean, logvar, std, mode: distribution.mode(), sample }
}

async function encodeText(
  model: CLIPTextModel | CLIPTextModelWithProjection,
  textModel: CLIPTextModel,
  inputs: Inputs,
): Promise<Record<string, tf.Tensor>> {
  const output = await model.call({ ...(inputs as unknown as CLIPTextInputs), outputHiddenStates: true })
  const { hiddenStates } = output
  const skipped = (layers: number) => textModel.finalLayerNorm.forward(hiddenStates.at(-1 - layers) as tf.Tensor3D)
  return {
    last_hidden_state: output.lastHiddenState,
    ...('textEmbeds' in output ? { text_embeds: output.textEmbeds } : { pooler_output: output.poolerOutput }),
    ...Object.fromEntries(hiddenStates.map((states, i) => [`hidden_states.${i}`, states])),
    clip_skip_1: skipped(1),
    clip_skip_2: skipped(2),
  }
}

/** Checks one case. */
export async function checkModelsCase(golden: GoldenCase): Promise<void> {
  const className = String(golden.json.model_class)
  const load = subjects[className]
  if (load === undefined) throw new UnsupportedGoldenError(`the model ${className}`)
  const calls = golden.json.calls as RecordedCall[]
  const subject = await load(golden.folder)
  try {
    for (const call of calls) await checkRecordedCall(golden, subject, call)
  } finally {
    subject.model.dispose()
  }
}

async function checkRecordedCall(golden: GoldenCase, subject: ModelSubject, call: RecordedCall): Promise<void> {
  for (const name of adapterArguments) {
    if (call.arguments[name] !== undefined && call.arguments[name] !== 0)
      throw new UnsupportedGoldenError(`the argument ${name}`)
  }
  const tolerance = golden.tolerance(FALLBACK)
  const recorded = new Map<string, GoldenTensor>()
  for (const { tensor } of [...Object.values(call.outputs), ...Object.values(call.intermediates ?? {})]) {
    recorded.set(tensor, await golden.tensor(tensor))
  }
  const check = (name: string, ours: tf.Tensor) => {
    expectClose(`${call.name} ${name}`, toChannelsFirst(ours), recorded.get(name) as GoldenTensor, tolerance)
  }
  const args = new Map<string, tf.Tensor>()
  for (const value of Object.values(call.arguments)) {
    if (isTensorName(value)) args.set(value.tensor, toTensor(await golden.tensor(value.tensor)))
  }
  const stop = subject.model.executor.name === 'eager' ? tap(subject.model, call, check) : () => undefined
  try {
    const outputs = await subject.call(call.call, readInputs(call, args), readHooks(call, subject.model))
    try {
      for (const [name, { tensor }] of Object.entries(call.outputs)) {
        const ours = outputs[name]
        if (ours === undefined) throw new GoldenMismatch(`${call.name} ${name}`, 'an output', 'none')
        check(tensor, ours)
      }
    } finally {
      tf.dispose(Object.values(outputs))
    }
  } finally {
    stop()
    tf.dispose([...args.values()])
  }
}

/** Compares what the modules inside a model compute. Nothing of it is seen where the model runs as a graph. */
function tap(model: PretrainedModel, call: RecordedCall, check: (name: string, ours: tf.Tensor) => void): () => void {
  return tapOutputs(model, (name, output) => {
    // The reference's transformers return a tuple of one.
    const tapped = call.intermediates?.[name] ?? call.intermediates?.[`${name}.0`]
    if (tapped) check(tapped.tensor, output)
  })
}

/** The arguments by our names: `added_cond_kwargs.time_ids` is a member of `addedCondKwargs`, `residuals.0` of a list. */
function readInputs(call: RecordedCall, tensors: ReadonlyMap<string, tf.Tensor>): Inputs {
  const inputs: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(call.arguments)) {
    const [name = '', part] = key.split('.').map(toCamelCase)
    const input = isTensorName(value) ? tensors.get(value.tensor) : value
    if (part === undefined) inputs[name] = input
    else if (/^\d+$/.test(part)) inputs[name] = [...((inputs[name] as unknown[] | undefined) ?? []), input]
    else inputs[name] = { ...(inputs[name] as object | undefined), [part]: input }
  }
  return inputs
}

function readHooks({ hooks = [] }: RecordedCall, model: PretrainedModel): ModuleHook[] {
  return hooks.flatMap(hook => {
    if ('layer_skip' in hook) {
      return layerSkipHooks(model, layerSkipConfig.parse(hook.layer_skip), new Generator(0))
    }
    const { blur_sigma, ...config } = hook.smoothed_energy
    const blur = { sigma: blur_sigma as number, thresholdInf: 9999 }
    return smoothedEnergyHooks(model, smoothedEnergyConfig.parse(config), blur)
  })
}

function isTensorName(value: unknown): value is TensorName {
  return typeof value === 'object' && value !== null && 'tensor' in value
}
