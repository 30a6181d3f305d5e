/** The `models` area: every call of a model, with the outputs of the modules inside it where they are recorded. */
import { layerSkipConfig, layerSkipHooks } from '../../../components/models/hooks/layer-skip'
import type { ModuleHook } from '../../../components/models/hooks/module-hook'
import { smoothedEnergyConfig, smoothedEnergyHooks } from '../../../components/models/hooks/smoothed-energy'
import type { PretrainedModel } from '../../../components/models/pretrained-model'
import { tapOutputs } from '../../../components/nn/tap-outputs'
import { Generator } from '../../../components/random/generator'
import * as tf from '../../../components/tensors/tf'
import { expectClose, GoldenMismatch, type PlainTensor } from '../compare'
import { type GoldenCase, type GoldenTensor, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst, toTensor } from '../layout'
import { adapterHooks, hookArguments, loadProjection } from './adapter-models'
import { withLoraFiles } from './lora-hooks'
import { type ModelSubject, modelSubjects } from './model-subjects'
import { isTensorName, readInputs, type TensorName } from './recorded-inputs'

const FALLBACK: Tolerance = { atol: 2e-4, rtol: 2e-4 }

interface RecordedCall {
  name: string
  call: string
  /** The file of the model, in a case with one for each call. */
  file?: string
  arguments: Record<string, unknown>
  outputs: Record<string, TensorName>
  /** What is changed inside the model, by the reference's settings. */
  hooks?: readonly RecordedHook[]
  intermediates?: Record<string, TensorName>
}

type RecordedHook = { layer_skip: Json } | { smoothed_energy: Json }

/** The case in which each call is of a model of its own. */
const PROJECTIONS = 'ip_adapter_projections'

/** Checks one case. */
export async function checkModelsCase(golden: GoldenCase): Promise<void> {
  const calls = golden.json.calls as RecordedCall[]
  if (golden.name === PROJECTIONS) {
    for (const call of calls) await checkCalls(golden, await loadProjection(golden.folder, String(call.file)), [call])
    return
  }
  const className = String(golden.json.model_class)
  const load = modelSubjects[className]
  if (load === undefined) throw new UnsupportedGoldenError(`the model ${className}`)
  await checkCalls(golden, await load(golden.folder), calls)
}

async function checkCalls(golden: GoldenCase, subject: ModelSubject, calls: readonly RecordedCall[]): Promise<void> {
  try {
    for (const call of calls) await checkRecordedCall(golden, subject, call)
  } finally {
    subject.model.dispose()
  }
}

async function checkRecordedCall(golden: GoldenCase, subject: ModelSubject, call: RecordedCall): Promise<void> {
  const tolerance = golden.tolerance(FALLBACK)
  const recorded = new Map<string, GoldenTensor>()
  for (const { tensor } of [...Object.values(call.outputs), ...Object.values(call.intermediates ?? {})]) {
    recorded.set(tensor, await golden.tensor(tensor))
  }
  const check = (name: string, ours: PlainTensor) => {
    expectClose(`${call.name} ${name}`, ours, recorded.get(name) as GoldenTensor, tolerance)
  }
  const args = new Map<string, tf.Tensor>()
  for (const value of Object.values(call.arguments)) {
    if (isTensorName(value)) args.set(value.tensor, toTensor(await golden.tensor(value.tensor)))
  }
  const embeds = call.arguments.image_embeds
  const adapted = await adapterHooks(
    golden.folder,
    call.arguments,
    isTensorName(embeds) ? args.get(embeds.tensor) : undefined,
    subject.model,
  )
  const tapped = new Map<string, PlainTensor>()
  const stop = subject.model.executor.name === 'eager' ? tap(subject.model, call, tapped) : () => undefined
  try {
    const compare = async (loras: readonly ModuleHook[]) => {
      const hooks = [...loras, ...readHooks(call, subject.model), ...adapted.hooks]
      const outputs = await subject.call(call.call, readInputs(modelArguments(call), args), hooks)
      try {
        for (const [name, ours] of tapped) check(name, ours)
        for (const [name, { tensor }] of Object.entries(call.outputs)) {
          const ours = outputs[name]
          if (ours === undefined) throw new GoldenMismatch(`${call.name} ${name}`, 'an output', 'none')
          check(tensor, toChannelsFirst(ours))
        }
      } finally {
        tf.dispose(Object.values(outputs))
      }
    }
    const { lora_scale: scale } = call.arguments
    if (typeof scale !== 'number') await compare([])
    else await withLoraFiles({ folder: golden.folder, model: subject.model }, scale, compare)
  } finally {
    stop()
    adapted.dispose()
    tf.dispose([...args.values()])
  }
}

/**
 * Collects what the modules inside a model compute: of one that runs several times, what it computed last, as the goldens do. Nothing of it is seen where the model
 * runs as a graph.
 */
function tap(model: PretrainedModel, call: RecordedCall, tapped: Map<string, PlainTensor>): () => void {
  return tapOutputs(model, (name, output) => {
    // The reference's transformers return a tuple of one.
    const recorded = call.intermediates?.[name] ?? call.intermediates?.[`${name}.0`]
    if (recorded) tapped.set(recorded.tensor, toChannelsFirst(output))
  })
}

/** The arguments without those that become hooks. */
function modelArguments({ arguments: all }: RecordedCall): RecordedCall['arguments'] {
  return Object.fromEntries(
    Object.entries(all).filter(([key]) => key !== 'lora_scale' && !hookArguments.some(name => name === key)),
  )
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
