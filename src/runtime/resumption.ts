/** Leads a run to the place where another was cancelled, past all that is done. */
import { NotResumableError } from '../errors/not-resumable-error'
import { pathText } from '../errors/text'
import type { Seed } from '../params/seed'
import type { PipelineState } from '../state/pipeline-state'
import type { ResumePoint, SavedRun } from '../state/resume-point'

/** Where a run that continues takes up its loop. */
export interface ResumedLoop {
  /** Iterations that are done. */
  readonly step: number
  /** Values of the loop that the state holds. */
  readonly names: readonly string[]
}

/** A place to continue at, until it is reached. */
export class Resumption {
  private readonly components: Map<string, SavedRun>
  private isReached = false
  private loop: ResumedLoop | undefined

  constructor(readonly point: ResumePoint) {
    this.components = new Map(Object.entries(point.components))
    const { step, loopNames = [] } = point
    if (step !== undefined) this.loop = { step, names: loopNames }
  }

  /** The place that a state holds.
   * @throws NotResumableError */
  static of(state: PipelineState | undefined): Resumption {
    const point = state?.resumePoint
    if (point === undefined) {
      const problem = state
        ? 'this state holds no place to continue from. Pass that of a run that was cancelled with keepStateOnAbort, or that checkpoints saved.'
        : 'resume needs a state. Pass the state of the PipelineAbortError, or one from PipelineState.load().'
      throw new NotResumableError(problem)
    }
    const [name] = point.unsaved
    if (name !== undefined) {
      throw new NotResumableError(`the run state of the component "${name}" could not be saved. Start the run again.`)
    }
    return new Resumption(point)
  }

  /** Whether the run is past the place, and on its own way. */
  get isOver(): boolean {
    return this.isReached && this.loop === undefined
  }

  /** The seed of the run that was cancelled. */
  get seed(): Seed | undefined {
    return this.point.seed
  }

  /** The blocks of a sequence that are still to run. @throws NotResumableError if the sequence lacks the block that was running */
  remaining<B>(blocks: readonly (readonly [string, B])[], path: readonly string[]): readonly (readonly [string, B])[] {
    const name = this.nextName(path)
    if (name === undefined) return blocks
    const index = blocks.findIndex(([own]) => own === name)
    if (index < 0) throw this.otherBlocks(name, path)
    return blocks.slice(index)
  }

  /** The branch that was running; `undefined` if the branch is to be chosen. @throws NotResumableError if there is no such branch */
  branch<B>(blocks: ReadonlyMap<string, B>, path: readonly string[]): readonly [string, B] | undefined {
    const name = this.nextName(path)
    if (name === undefined) return undefined
    const block = blocks.get(name)
    if (block === undefined) throw this.otherBlocks(name, path)
    return [name, block]
  }

  /** A block begins. @throws NotResumableError if it is not on the way to the place */
  enter(path: readonly string[], isLoop: boolean): void {
    if (this.isReached) return
    const last = path.at(-1)
    if (last !== undefined && this.point.path[path.length - 1] !== last) throw this.otherBlocks(last, path)
    this.isReached = path.length === this.point.path.length
    // Another loop, later on, would take the place for its own.
    if (this.isReached && this.loop && !isLoop) throw this.otherBlocks(last ?? '', path)
  }

  /** The loop that begins now, if it is the one that was running. */
  takeLoop(): ResumedLoop | undefined {
    const { loop } = this
    if (this.isReached) this.loop = undefined
    return this.isReached ? loop : undefined
  }

  /** The run has ended. @throws NotResumableError if it has not come to the place */
  requireOver(): void {
    if (!this.isOver) throw this.otherBlocks(this.point.path.at(-1) ?? '', [])
  }

  /** What a component had remembered; once, as later copies of it begin again. */
  takeComponent(name: string): SavedRun | undefined {
    const saved = this.components.get(name)
    this.components.delete(name)
    return saved
  }

  /** The name of the block on the way, inside of the blocks of a path. */
  private nextName(path: readonly string[]): string | undefined {
    return this.isReached ? undefined : this.point.path[path.length]
  }

  private otherBlocks(name: string, path: readonly string[]): NotResumableError {
    const problem = `it was cancelled in ${pathText(this.point.path)}, but this pipeline has different blocks: "${name}" is missing at that place.`
    return new NotResumableError(problem, path)
  }
}
