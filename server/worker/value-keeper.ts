/** Keeps summaries of what the blocks of a run write, in files beside its pictures. */
import type { BlockEndEvent, PipelineEvent } from '../../src'
import type { Job } from '../jobs/job'
import type { KeptValues } from '../jobs/kept-values'
import type { RunnerHooks } from './runner'
import { summarize } from './value-summary'

/** Files of one run: of more blocks, the first are kept. */
const MOST_FILES = 1000

/** A loop that runs. */
interface RunningLoop {
  readonly path: readonly string[]
  /** Iterations that have ended. */
  step: number
  readonly total: number | undefined
}

/** Watches one run. */
export class ValueKeeper {
  private readonly loops = new Map<string, RunningLoop>()
  private storing: Promise<unknown> = Promise.resolve()
  private files = 0
  private isWarned = false

  constructor(
    private readonly job: Pick<Job, 'previewEvery'>,
    private readonly hooks: Pick<RunnerHooks, 'event' | 'file'>,
  ) {}

  /** Records an event. Values are read before it returns. */
  see(event: PipelineEvent): void {
    if (event.type === 'loopStart' || event.type === 'loopStep') {
      const { path, step, total } = event
      this.loops.set(JSON.stringify(path), { path, step, total })
    } else if (event.type === 'blockEnd') {
      this.loops.delete(JSON.stringify(event.path))
      this.keep(event)
    }
  }

  /** Resolves when all summaries are stored. */
  async stored(): Promise<void> {
    await this.storing
  }

  private keep({ path, block, outputs }: BlockEndEvent): void {
    const loop = this.loopAround(path)
    if ((loop && !this.isDue(loop)) || this.files >= MOST_FILES) return
    const key = `values/${this.files++}.json`
    const step = loop ? loop.step + 1 : null
    const entries = Object.entries(outputs())
    const summaries = Promise.all(entries.map(async ([name, value]) => [name, await summarize(value)] as const))
    // Failures are reported below, in order.
    summaries.catch(() => undefined)
    this.storing = this.storing.then(async () => {
      try {
        const kept: KeptValues = { path, block, step, values: Object.fromEntries(await summaries) }
        await this.hooks.file(key, Buffer.from(JSON.stringify(kept)))
        this.hooks.event({ type: 'values', path, step, key })
      } catch (error) {
        this.warn(path, error as Error)
      }
    })
  }

  private warn(path: readonly string[], { message }: Error): void {
    if (this.isWarned) return
    this.isWarned = true
    this.hooks.event({ type: 'warning', path, code: 'VALUES_NOT_KEPT', message: `Values were not kept: ${message}` })
  }

  /** The innermost loop around a block. */
  private loopAround(path: readonly string[]): RunningLoop | undefined {
    let found: RunningLoop | undefined
    for (const loop of this.loops.values()) {
      const isAround = loop.path.length < path.length && loop.path.every((name, i) => name === path[i])
      if (isAround && loop.path.length >= (found?.path.length ?? 0)) found = loop
    }
    return found
  }

  private isDue({ step: done, total }: RunningLoop): boolean {
    const { previewEvery } = this.job
    const step = done + 1
    return step === 1 || step === total || (previewEvery !== undefined && step % previewEvery === 0)
  }
}
