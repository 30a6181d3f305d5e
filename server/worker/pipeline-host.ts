/** Pipelines in this process, and the runs of jobs on them. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type Executor, Image, type SelectExecutorOptions, tf } from '../../components'
import {
  ComponentsManager,
  errorToWire,
  eventToWire,
  InvalidStateFileError,
  inputsFromWire,
  ModularPipeline,
  NotResumableError,
  PipelineAbortError,
  type PipelineEvent,
  PipelineState,
  type PlacePicture,
  resultToWire,
  UnknownValueError,
} from '../../src'
import type { Job, JobFailure, JobProgress, JsonValue } from '../jobs/job'
import type { JobRunEvent } from '../jobs/job-event'
import type { StoredPicture } from '../jobs/job-result'
import { seedOf } from '../queue/new-job'
import { mediaTypeOf } from '../results/store-path'
import { DerivedPipelines } from './derived-pipelines'
import { EXTENSIONS, pictureFile, settingsOf } from './picture-file'
import { loadSource, openPipelineSource, type PipelineSource, type ServedPipeline } from './pipeline-source'
import type { Runner, RunnerHooks, RunnerTask, RunOutcome } from './runner'
import { ValueKeeper } from './value-keeper'

/** What a host computes with. */
export interface HostOptions {
  /** Bytes of weights that all models together may have in memory, or a text such as `8GB`. Default: no limit. */
  readonly memoryLimit?: number | string | undefined
  /** What computes the models. */
  readonly executor?: SelectExecutorOptions | undefined
}

/** A pipeline that is loaded. */
interface HeldPipeline {
  readonly pipe: ServedPipeline
  readonly executor: Executor | undefined
  readonly derived: DerivedPipelines
}

/** Holds pipelines, and runs one job at a time on them. */
export class PipelineHost implements Runner {
  private readonly pipes = new Map<string, HeldPipeline>()
  /** Schemas of the inputs, which take milliseconds to make. */
  private readonly schemas = new WeakMap<object, ReturnType<ServedPipeline['blocks']['jsonSchema']>['inputs']>()
  private readonly manager: ComponentsManager | undefined

  /** @throws InvalidByteSizeError for a limit that is none */
  constructor(
    private readonly sources: Readonly<Record<string, PipelineSource | ServedPipeline>>,
    private readonly options: HostOptions = {},
  ) {
    const { memoryLimit } = options
    if (memoryLimit === undefined) return
    this.manager = new ComponentsManager({ onEvent: () => undefined })
    this.manager.enableAutoCpuOffload({ limit: memoryLimit })
  }

  get held(): readonly string[] {
    return [...this.pipes.keys()]
  }

  async run(task: RunnerTask, hooks: RunnerHooks): Promise<RunOutcome> {
    try {
      const held = await this.hold(task.job.pipeline, hooks.signal)
      return await this.runOn(held, task, hooks)
    } catch (error) {
      if (hooks.signal.aborted) return { is: 'stopped' }
      return { is: 'failed', error: errorToWire(error) as JobFailure } // The same in JSON.
    }
  }

  async rest(): Promise<void> {}

  async close(): Promise<void> {
    for (const [name, { pipe, derived }] of this.pipes) {
      derived.dispose()
      // Those of the caller stay.
      if (this.sources[name] !== pipe) pipe.dispose()
    }
    this.pipes.clear()
    this.manager?.dispose()
  }

  private async hold(name: string, signal: AbortSignal): Promise<HeldPipeline> {
    const known = this.pipes.get(name)
    if (known) return known
    const source = this.sources[name]
    if (source === undefined) throw new UnknownValueError('This worker', name, Object.keys(this.sources), 'pipeline')
    if (source instanceof ModularPipeline) return this.keep(name, source, undefined)
    const pipe = await openPipelineSource(source, { manager: this.manager, collection: name, signal })
    try {
      return this.keep(name, pipe, await loadSource(pipe, source, this.options.executor ?? {}, signal))
    } catch (error) {
      pipe.dispose()
      throw error
    }
  }

  private keep(name: string, pipe: ServedPipeline, executor: Executor | undefined): HeldPipeline {
    const held = { pipe, executor, derived: new DerivedPipelines(pipe) }
    this.pipes.set(name, held)
    return held
  }

  private async runOn(held: HeldPipeline, task: RunnerTask, hooks: RunnerHooks): Promise<RunOutcome> {
    const { job, stateFile } = task
    const pipe = held.derived.for(job)
    requireOutputs(pipe, job)
    if (stateFile !== undefined) {
      try {
        return await this.goOn(pipe, held, stateFile, task, hooks)
      } catch (error) {
        if (!(error instanceof NotResumableError || error instanceof InvalidStateFileError)) throw error
        const message = `The job starts again: its saved state cannot be resumed. ${error.message}`
        hooks.event({ type: 'warning', path: [], code: 'BEGUN_ANEW', message })
      }
    }
    const schema = this.schemas.get(pipe) ?? pipe.blocks.jsonSchema().inputs
    this.schemas.set(pipe, schema)
    return this.call(pipe, await inputsFromWire(schema, job.inputs), {}, held, task, hooks)
  }

  private async goOn(
    pipe: ServedPipeline,
    held: HeldPipeline,
    file: string,
    task: RunnerTask,
    hooks: RunnerHooks,
  ): Promise<RunOutcome> {
    const state = await PipelineState.load(file)
    try {
      const step = state.resumePoint?.step
      hooks.event({ type: 'resumed', ...(step !== undefined && { step }) })
      return await this.call(pipe, {}, { state, resume: true }, held, task, hooks)
    } finally {
      state.dispose()
    }
  }

  private async call(
    pipe: ServedPipeline,
    inputs: Record<string, unknown>,
    resumed: { state?: PipelineState; resume?: boolean },
    held: HeldPipeline,
    { job, folder, checkpoints }: RunnerTask,
    hooks: RunnerHooks,
  ): Promise<RunOutcome> {
    let latest = performance.now()
    const saveState = async (state: PipelineState) => {
      const file = join(folder, `state-${randomUUID()}.safetensors`)
      await state.save(file)
      latest = performance.now()
      hooks.state(file)
    }
    const save = async (state: PipelineState) => {
      if (performance.now() - latest >= checkpoints.interval) await saveState(state)
    }
    const placePreview: PlacePicture = async (image, { step = 0, index }) => {
      const key = `previews/${step}-${index}.${EXTENSIONS[job.format]}`
      await hooks.file(key, await pictureFile(new Image(image as Image), job.format, { preview: step }))
      return key
    }
    const keeper = job.keepValues ? new ValueKeeper(job, hooks) : undefined
    const onEvent = (event: PipelineEvent) => {
      keeper?.see(event)
      return tell(event, job, hooks, placePreview)
    }
    const { signal } = hooks
    let outputs: Record<string, unknown> = {}
    try {
      outputs = (await pipe(inputs, {
        ...resumed,
        output: [...job.output],
        seed: seedOf(job),
        signal,
        onEvent,
        keepStateOnAbort: true,
        checkpoints: { every: checkpoints.steps, save },
      })) as Record<string, unknown>
      return { is: 'finished', result: await this.store(outputs, pipe, held, job, hooks) }
    } catch (error) {
      if (!(error instanceof PipelineAbortError)) throw error
      const state = error.state as PipelineState // What a pipeline puts there.
      try {
        if (signal.reason === 'give-back' && state.resumePoint?.unsaved.length === 0) await saveState(state)
      } finally {
        state.dispose()
      }
      throw error
    } finally {
      await keeper?.stored()
      tf.dispose(outputs as Record<string, tf.Tensor>) // It ignores everything else.
    }
  }

  private async store(
    outputs: Record<string, unknown>,
    { blocks }: ServedPipeline,
    { executor }: HeldPipeline,
    job: Job,
    hooks: RunnerHooks,
  ) {
    const pictures: StoredPicture[] = []
    const made = executor && { executor: executor.name, backend: executor.backend }
    const wire = await resultToWire(outputs, async (image, { name, index }) => {
      const { width, height } = image
      const key = `${name}-${index}.${EXTENSIONS[job.format]}`
      const settings = settingsOf(job, { width, height, modelName: blocks.modelName, ...made })
      const bytes = await pictureFile(new Image(image as Image), job.format, settings)
      await hooks.file(key, bytes)
      pictures.push({ key, mediaType: mediaTypeOf(key), width, height, size: bytes.length })
      return key
    })
    return { pictures, outputs: wire as Record<string, JsonValue> } // JSON, by its making.
  }
}

/** @throws UnknownValueError for an output that no block writes */
function requireOutputs({ blocks }: ServedPipeline, { output }: Job): void {
  const known = [...blocks.intermediateOutputNames, ...blocks.inputs.flatMap(({ name }) => name ?? [])]
  for (const name of output)
    if (!known.includes(name)) throw new UnknownValueError('The pipeline', name, known, 'output')
}

/** Tells an event in wire form; previews, as often as the job asks. */
async function tell(event: PipelineEvent, job: Job, hooks: RunnerHooks, place: PlacePicture): Promise<void> {
  if (event.type === 'preview' && !isDue(event, job)) return
  const wire = (await eventToWire(event, place)) as unknown as JobRunEvent // JSON, by its making.
  // Asking for the memory takes some microseconds, which runs that nobody looks into are spared.
  const isMeasured = job.keepValues === true && event.type === 'blockEnd'
  hooks.event(isMeasured ? { ...wire, memory: memoryNow() } : wire, progressOf(event))
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

function isDue({ step, total }: { step: number; total: number | undefined }, { previewEvery }: Job): boolean {
  return previewEvery !== undefined && (step % previewEvery === 0 || step === total)
}

function progressOf(event: PipelineEvent): JobProgress | undefined {
  if (event.type !== 'loopStart' && event.type !== 'loopStep') return undefined
  const { path, step, total } = event
  return { path, step, ...(total !== undefined && { total }) }
}
