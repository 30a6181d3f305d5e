/** Pipelines in this process, and the runs of jobs on them. */
import { type Executor, type SelectExecutorOptions } from '../../components'
import {
  ComponentsManager,
  InvalidStateFileError,
  inputsFromWire,
  ModularPipeline,
  NotResumableError,
  PipelineState,
  UnknownValueError,
} from '../../src'
import type { Job } from '../jobs/job'
import { beginJobSpans } from '../trace/job-span'
import { batchLimit, computeTogether } from './batch-run'
import { DerivedPipelines } from './derived-pipelines'
import type { HeldPipeline } from './held-pipeline'
import { HostedJob } from './hosted-job'
import { computeJob, type StoreResult } from './job-run'
import { loadSource, openPipelineSource, type PipelineSource, type ServedPipeline } from './pipeline-source'
import { followedTags, PromptLoras } from './prompt-loras'
import { type BatchLimit, type BegunJobs, NO_BATCH_LIMIT, type Runner, type RunnerJob } from './runner'

/** What a host computes with. */
export interface HostOptions {
  /** Bytes of weights that all models together may have in memory, or a text such as `8GB`. Default: no limit. */
  readonly memoryLimit?: number | string | undefined
  /** What computes the models. */
  readonly executor?: SelectExecutorOptions | undefined
  /**
   * Folder with the LoRAs that prompts in AUTOMATIC1111's syntax may name: `<lora:name:0.8>` is `name.safetensors` in it, or in a folder inside of it. Default: none,
   * and tags are ignored with a warning.
   */
  readonly loraDir?: string | undefined
}

/** Holds pipelines, and computes one job at a time on them, or several of one pipeline together. */
export class PipelineHost implements Runner {
  private readonly pipes = new Map<string, HeldPipeline>()
  /** Schemas of the inputs, which take milliseconds to make. */
  private readonly schemas = new WeakMap<object, ReturnType<ServedPipeline['blocks']['jsonSchema']>['inputs']>()
  private readonly manager: ComponentsManager | undefined
  private readonly loras: PromptLoras | undefined

  /** @throws InvalidByteSizeError for a limit that is none */
  constructor(
    private readonly sources: Readonly<Record<string, PipelineSource | ServedPipeline>>,
    private readonly options: HostOptions = {},
  ) {
    const { memoryLimit, loraDir } = options
    this.loras = loraDir === undefined ? undefined : new PromptLoras(loraDir)
    if (memoryLimit === undefined) return
    this.manager = new ComponentsManager({ onEvent: () => undefined })
    this.manager.enableAutoCpuOffload({ limit: memoryLimit })
  }

  get held(): readonly string[] {
    return [...this.pipes.keys()]
  }

  batchLimit(pipeline: string): BatchLimit {
    const held = this.pipes.get(pipeline)
    return held ? batchLimit(held.pipe) : NO_BATCH_LIMIT
  }

  run(jobs: readonly RunnerJob[]): BegunJobs {
    const hosted = jobs.map(job => new HostedJob(job))
    return { computed: this.compute(hosted), outcomes: hosted.map(({ outcome }) => outcome) }
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

  private async compute(jobs: readonly HostedJob[]): Promise<string | undefined> {
    const within = beginJobSpans(jobs)
    const [first, ...others] = jobs
    const problem = first && others.length > 0 ? await within(first, () => this.computeTogether(jobs)) : undefined
    for (const job of jobs) if (!job.isOver) await within(job, () => this.computeAlone(job))
    // Otherwise one of them tells by itself what was wrong with it.
    return jobs.some(({ hasFailed }) => hasFailed) ? undefined : problem
  }

  /** Computes jobs in one call. Those that are not over afterwards are to be computed one by one. @returns why the call failed */
  private async computeTogether(jobs: readonly HostedJob[]): Promise<string | undefined> {
    const [{ task }] = jobs as readonly [HostedJob]
    const held = this.pipes.get(task.job.pipeline)
    if (held === undefined || jobs.length > batchLimit(held.pipe).most) return undefined
    try {
      const pipe = held.derived.for(task.job)
      await computeTogether({ pipe, held, schema: this.schemaOf(pipe), loras: this.loras }, jobs)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  private async computeAlone(hosted: HostedJob): Promise<void> {
    const { task, hooks } = hosted
    hosted.begin()
    try {
      hooks.signal.throwIfAborted()
      const held = await this.hold(task.job.pipeline, hooks.signal)
      hosted.store(await this.computeOn(held, hosted))
    } catch (error) {
      hosted.fail(error)
    }
  }

  private async computeOn(held: HeldPipeline, { task, hooks }: RunnerJob): Promise<StoreResult> {
    const { job, stateFile } = task
    const pipe = held.derived.for(job)
    requireOutputs(pipe, job)
    const { inputs, loras } = followedTags(job, this.loras)
    const endLoras = await this.loras?.use(pipe, loras)
    try {
      if (stateFile !== undefined) {
        try {
          return await this.goOn(pipe, held, stateFile, { task, hooks })
        } catch (error) {
          if (!(error instanceof NotResumableError || error instanceof InvalidStateFileError)) throw error
          const message = `The job starts again: its saved state cannot be resumed. ${error.message}`
          hooks.event({ type: 'warning', path: [], code: 'BEGUN_ANEW', message })
        }
      }
      const given = await inputsFromWire(this.schemaOf(pipe), inputs)
      return await computeJob(pipe, held, { task, hooks }, { inputs: given })
    } finally {
      endLoras?.()
    }
  }

  private async goOn(
    pipe: ServedPipeline,
    held: HeldPipeline,
    file: string,
    { task, hooks }: RunnerJob,
  ): Promise<StoreResult> {
    const state = await PipelineState.load(file)
    try {
      const step = state.resumePoint?.step
      hooks.event({ type: 'resumed', ...(step !== undefined && { step }) })
      const store = await computeJob(pipe, held, { task, hooks }, { inputs: {}, state })
      // What it returns may be in the state.
      return () => store().finally(() => state.dispose())
    } catch (error) {
      state.dispose()
      throw error
    }
  }

  private schemaOf(pipe: ServedPipeline) {
    const schema = this.schemas.get(pipe) ?? pipe.blocks.jsonSchema().inputs
    this.schemas.set(pipe, schema)
    return schema
  }
}

/** @throws UnknownValueError for an output that no block writes */
function requireOutputs({ blocks }: ServedPipeline, { output }: Job): void {
  const known = [...blocks.intermediateOutputNames, ...blocks.inputs.flatMap(({ name }) => name ?? [])]
  for (const name of output)
    if (!known.includes(name)) throw new UnknownValueError('The pipeline', name, known, 'output')
}
