/** What was done to a recorded pipeline before it was called: adapters that were loaded, and their weights. */
import { join } from 'node:path'
import {
  type AdapterWeight,
  enableFreeU,
  type FreeUConfig,
  fuseLora,
  type IPAdapterScale,
  loadIpAdapter,
  loadLoraWeights,
  loadTextualInversion,
  setAdapters,
  setIpAdapterScale,
  unfuseLora,
  unloadLoraWeights,
} from '../../../components'
import { type ModularPipeline, toCamelCase } from '../../../src'
import { type GoldenCase, type Json, UnsupportedGoldenError } from '../golden-case'

/** One thing that was done, with what it was called with. */
export type SetupStep = Json & { readonly do: string }

type Apply = (pipe: ModularPipeline, step: SetupStep, folder: string) => unknown

const STEPS: Readonly<Record<string, Apply>> = {
  load_ip_adapter: (pipe, { folder: source, subfolder, weight_name }, folder) =>
    loadIpAdapter(pipe, join(folder, String(source)), {
      subfolder: String(subfolder),
      weightName: weight_name as string | string[],
    }),
  set_ip_adapter_scale: (pipe, { scale }) => setIpAdapterScale(pipe, scale as IPAdapterScale),
  enable_freeu: (pipe, { do: _, ...settings }) => enableFreeU(pipe, settings as unknown as FreeUConfig),
  load_lora_weights: (pipe, { file, adapter_name }, folder) =>
    loadLoraWeights(pipe, join(folder, String(file)), { adapterName: String(adapter_name) }),
  load_textual_inversion: (pipe, { file, token }, folder) =>
    loadTextualInversion(pipe, join(folder, String(file)), { token: token as string | undefined }),
  set_adapters: (pipe, { adapter_names, adapter_weights }) =>
    setAdapters(pipe, adapter_names as string[], (adapter_weights as unknown[]).map(weightOf)),
  fuse_lora: (pipe, { lora_scale }) => fuseLora(pipe, { loraScale: lora_scale as number }),
  unfuse_lora: pipe => unfuseLora(pipe),
  unload_lora_weights: pipe => unloadLoraWeights(pipe),
}

/** Makes sure that all of a run's steps can be done. @throws UnsupportedGoldenError */
export function requireKnownSteps(steps: readonly SetupStep[]): void {
  const unknown = steps.map(step => step.do).filter(name => STEPS[name] === undefined)
  if (unknown.length > 0) throw new UnsupportedGoldenError(`${unknown.join(', ')} before the call`)
}

/** Does to a pipeline what was done to the recorded one. */
export async function applySteps(
  pipe: ModularPipeline,
  steps: readonly SetupStep[],
  golden: GoldenCase,
): Promise<void> {
  for (const step of steps) await STEPS[step.do]?.(pipe, step, golden.folder)
}

/** A weight with the names of our components. */
function weightOf(weight: unknown): AdapterWeight {
  if (typeof weight !== 'object' || weight === null) return weight as AdapterWeight
  return Object.fromEntries(Object.entries(weight).map(([name, value]) => [toCamelCase(name), value])) as AdapterWeight
}
