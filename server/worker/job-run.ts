/** One job on a pipeline: the call, its events, and its result. */
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Image, tf } from '../../components'
import {
  eventToWire,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  type PlacePicture,
  resultToWire,
} from '../../src'
import type { Job, JobProgress } from '../jobs/job'
import type { JobRunEvent } from '../jobs/job-event'
import type { JobResult, StoredPicture } from '../jobs/job-result'
import type { JsonValue } from '../jobs/json'
import { seedOf } from '../queue/new-job'
import { mediaTypeOf } from '../results/store-path'
import type { HeldPipeline } from './held-pipeline'
import { EXTENSIONS, pictureFile, settingsOf } from './picture-file'
import type { ServedPipeline } from './pipeline-source'
import type { RunnerHooks, RunnerJob } from './runner'
import { ValueKeeper } from './value-keeper'

/** What a call begins with. */
export interface CallBegin {
  readonly inputs: Record<string, unknown>
  /** The state of an earlier run, from which this one continues. */
  readonly state?: PipelineState | undefined
}

/** Stores what a job has made. @returns its result */
export type StoreResult = () => Promise<JobResult>

/**
 * Computes a job.
 *
 * @param pipe the pipeline that is held, or one that is derived from it
 * @throws what the call throws
 */
export async function computeJob(
  pipe: ServedPipeline,
  held: HeldPipeline,
  { task: { job, folder, checkpoints }, hooks }: RunnerJob,
  { inputs, state }: CallBegin,
): Promise<StoreResult> {
  let latest = performance.now()
  const saveState = async (state: PipelineState) => {
    await mkdir(folder, { recursive: true })
    const file = join(folder, `state-${randomUUID()}.safetensors`)
    await state.save(file)
    latest = performance.now()
    hooks.state(file)
  }
  const save = async (state: PipelineState) => {
    if (performance.now() - latest >= checkpoints.interval) await saveState(state)
  }
  const keeper = job.keepValues ? new ValueKeeper(job, hooks) : undefined
  const onEvent = (event: PipelineEvent) => {
    keeper?.see(event)
    return tellEvent(event, job, hooks)
  }
  const { signal } = hooks
  try {
    const outputs = (await pipe(inputs, {
      ...(state && { state, resume: true }),
      output: [...job.output],
      seed: seedOf(job),
      signal,
      onEvent,
      keepStateOnAbort: true,
      checkpoints: { every: checkpoints.steps, save },
    })) as Record<string, unknown>
    const { modelName } = pipe.blocks
    return async () => {
      try {
        await keeper?.stored()
        return await storeOutputs(outputs, { ...computedBy(held), modelName }, job, hooks)
      } finally {
        tf.dispose(outputs as Record<string, tf.Tensor>) // It ignores everything else.
      }
    }
  } catch (error) {
    await keeper?.stored()
    if (!(error instanceof PipelineAbortError)) throw error
    const left = error.state as PipelineState // What a pipeline puts there.
    try {
      if (signal.reason === 'give-back' && left.resumePoint?.unsaved.length === 0) await saveState(left)
    } finally {
      left.dispose()
    }
    throw error
  }
}

/** Returns what computed a picture, for its settings. */
export function computedBy({ executor }: HeldPipeline): object {
  return executor ? { executor: executor.name, backend: executor.backend } : {}
}

/** Stores the outputs of a job. @param made what its pictures say beside the settings of the job */
export async function storeOutputs(
  outputs: Record<string, unknown>,
  made: object,
  job: Job,
  hooks: RunnerHooks,
): Promise<JobResult> {
  const pictures: StoredPicture[] = []
  const wire = await resultToWire(outputs, async (image, { name, index }) => {
    const { width, height } = image
    const key = `${name}-${index}.${EXTENSIONS[job.format]}`
    const bytes = await pictureFile(new Image(image as Image), job.format, settingsOf(job, { width, height, ...made }))
    await hooks.file(key, bytes)
    pictures.push({ key, mediaType: mediaTypeOf(key), width, height, size: bytes.length })
    return key
  })
  return { pictures, outputs: wire as Record<string, JsonValue> } // JSON, by its making.
}

/** Tells an event in wire form; previews, as often as the job asks. */
export async function tellEvent(event: PipelineEvent, job: Job, hooks: RunnerHooks): Promise<void> {
  if (event.type === 'preview' && !isPreviewDue(event, job)) return
  const place: PlacePicture = async (image, { step = 0, index }) => {
    const key = `previews/${step}-${index}.${EXTENSIONS[job.format]}`
    await hooks.file(key, await pictureFile(new Image(image as Image), job.format, { preview: step }))
    return key
  }
  const wire = (await eventToWire(event, place)) as unknown as JobRunEvent // JSON, by its making.
  // Asking for the memory takes some microseconds, which runs that nobody looks into are spared.
  const isMeasured = job.keepValues === true && event.type === 'blockEnd'
  hooks.event(isMeasured ? { ...wire, memory: memoryNow() } : wire, progressOf(event))
}

/** Whether a job asks for a preview of a step. */
export function isPreviewDue(
  { step, total }: { step: number; total: number | undefined },
  { previewEvery }: Job,
): boolean {
  return previewEvery !== undefined && (step % previewEvery === 0 || step === total)
}

/** Milliseconds for which the memory of the process counts as known: blocks of a step are shorter than it takes to ask the system for each. */
const MEMORY_AGE = 50

let processMemory = 0
let measuredAt = Number.NEGATIVE_INFINITY

/** Bytes in memory: of tensors, and of the whole process. */
function memoryNow() {
  const now = performance.now()
  if (now - measuredAt > MEMORY_AGE) {
    processMemory = process.memoryUsage.rss()
    measuredAt = now
  }
  return { tensors: tf.memory().numBytes, process: processMemory }
}

function progressOf(event: PipelineEvent): JobProgress | undefined {
  if (event.type !== 'loopStart' && event.type !== 'loopStep') return undefined
  const { path, step, total } = event
  return { path, step, ...(total !== undefined && { total }) }
}
