/** One recorded run of a pipeline, and what it is called with. */
import { Image } from '../../../components/images/image'
import { Generator } from '../../../components/random/generator'
import { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import { UnknownSchedulerError } from '../../../components/schedulers/unknown-scheduler-error'
import { toCamelCase } from '../../../src'
import { type GoldenCase, type Json, UnsupportedGoldenError } from '../golden-case'
import { toTensor } from '../layout'
import { requireKnownSteps, type SetupStep } from './adapter-setup'

/** A run as case.json records it. */
export interface RecordedRun {
  name: string
  kind: string
  /** Class of the pipeline that was called; that of the case where it is missing. */
  pipeline_class?: string
  scheduler: { class: string; config: Json }
  /** One seed, or one for each picture. */
  generator_seed: number | number[]
  arguments: Json
  /** Settings of the pipeline that differ from those of the checkpoint's index. */
  config?: Json
  /** What was done to the pipeline before the call, e.g. loading an adapter. */
  setup?: readonly SetupStep[]
  /** Folders that replace those of components. */
  components?: Json
  output_type?: 'np' | 'pil' | 'latent'
  tensors: Record<string, { tensor: string }>
}

/** The runs of a case. */
export function recordedRuns(json: Json): readonly RecordedRun[] {
  return json.runs as RecordedRun[]
}

/** Makes sure that what was done to a recorded pipeline can be done. @throws UnsupportedGoldenError */
export function requireKnownAdapters({ setup = [] }: RecordedRun): void {
  requireKnownSteps(setup)
}

/** Folders of components that the run does not take from the checkpoint's own, by the names of the components. */
export function foldersOf({ name, components = {} }: RecordedRun): Readonly<Record<string, string>> {
  // Said in the notes of the case alone.
  const ofNotes = name.startsWith('inpaint9_') ? { unet: 'unet_inpaint_9_channels' } : {}
  const entries = Object.entries({ ...ofNotes, ...components }).filter(([, folder]) => !Array.isArray(folder))
  return Object.fromEntries(entries.map(([component, folder]) => [toCamelCase(component), String(folder)]))
}

/** The scheduler of a run, before a pipeline corrects it. */
export function schedulerOf({ scheduler }: RecordedRun): SchedulerMixin {
  try {
    return SchedulerMixin.fromConfig({ ...scheduler.config, _class_name: scheduler.class })
  } catch (error) {
    if (error instanceof UnknownSchedulerError) throw new UnsupportedGoldenError(`the scheduler ${scheduler.class}`)
    throw error
  }
}

/** The inputs of our blocks for the arguments of a run. The caller disposes the tensors among them. */
export async function inputsOf(golden: GoldenCase, run: RecordedRun): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(run.arguments)) inputs[toCamelCase(name)] = await argumentOf(golden, value)
  const { generator_seed: seed } = run
  const generator = Array.isArray(seed) ? seed.map(each => new Generator(each)) : new Generator(seed)
  return { ...inputs, generator }
}

async function argumentOf(golden: GoldenCase, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(each => argumentOf(golden, each)))
  if (typeof value !== 'object' || value === null) return value
  if (!('tensor' in value)) {
    const entries = Object.entries(value).map(async ([name, each]) => [
      toCamelCase(name),
      await argumentOf(golden, each),
    ])
    return Object.fromEntries(await Promise.all(entries))
  }
  const recorded = await golden.tensor(value.tensor as string)
  if (recorded.dtype !== 'U8') return toTensor(recorded)
  // Pictures of bytes: `[height, width, 3]`, masks without the last dimension.
  const [height = 0, width = 0, channels = 1] = recorded.shape
  return new Image({ width, height, channels: channels as 1 | 3, data: Uint8Array.from(recorded.values) })
}
