/** Remembers, while a run continues, the latest place at which it could be resumed. */
import { isRunScoped } from '../container/run-scoped'
import { NotResumableError } from '../errors/not-resumable-error'
import type { Seed } from '../params/seed'
import type { BlockState } from '../state/block-state'
import { copyValue } from '../state/copy-value'
import { PipelineState } from '../state/pipeline-state'
import type { ResumePoint, SavedRun } from '../state/resume-point'
import type { Lifetimes } from './lifetimes'

/** A place in a run, with copies of all that the run may change from there on. */
interface ProgressMark {
  readonly values: ReadonlyMap<string, unknown>
  readonly kwargsMapping: ReadonlyMap<string, readonly string[]>
  readonly point: ResumePoint
}

/** A loop that is about to begin an iteration. */
export interface LoopPlace {
  /** Iterations that are done. */
  readonly step: number
  readonly blockState: BlockState
  /** Names that the loop takes or gives. */
  readonly names: readonly string[]
}

/** Marks the places of one run. What a mark holds lives until the next one is set. */
export class ProgressKeeper {
  private latest: ProgressMark

  constructor(
    private readonly state: PipelineState,
    private readonly lifetimes: Lifetimes,
    /** The run's own components. */
    private readonly components: ReadonlyMap<string, unknown>,
    private readonly seed: Seed | undefined,
    /** Where the run begins, if it continues from another. */
    beginning: ResumePoint = { path: [], components: {}, unsaved: [], seed },
  ) {
    this.latest = this.makeMark(state.values, beginning)
    lifetimes.addRoot(() => this.held())
  }

  /** Marks the place before a block, or before an iteration of a loop. */
  mark(path: readonly string[], loop?: LoopPlace): void {
    // Copies of tensors belong to the mark, not to the block that is running.
    const frame = this.lifetimes.enter()
    try {
      this.latest = this.makeMark(this.valuesIn(loop), this.pointAt([...path], loop))
    } finally {
      this.lifetimes.leave(frame)
    }
  }

  /** The latest mark as a state of its own, which shares the mark's tensors. */
  snapshot(): PipelineState {
    const state = new PipelineState()
    this.copyLatest(state)
    return state
  }

  /** Brings the state back to the latest mark, from which {@link ResumePoint} says how to continue. */
  rewind(): void {
    this.copyLatest(this.state)
  }

  private copyLatest(state: PipelineState): void {
    const { latest } = this
    state.values.clear()
    for (const [name, value] of latest.values) state.values.set(name, value)
    state.kwargsMapping.clear()
    for (const [group, names] of latest.kwargsMapping) state.kwargsMapping.set(group, [...names])
    state.resumePoint = latest.point
  }

  /** Copies what the run may change from here on. */
  private makeMark(values: ReadonlyMap<string, unknown>, point: ResumePoint): ProgressMark {
    const copies = new Map<object, unknown>()
    return {
      values: new Map([...values].map(([name, value]) => [name, copyValue(value, copies)])),
      kwargsMapping: new Map([...this.state.kwargsMapping].map(([group, names]) => [group, [...names]])),
      point,
    }
  }

  /** The values of the state; of those that a loop holds, the loop's. */
  private valuesIn(loop: LoopPlace | undefined): ReadonlyMap<string, unknown> {
    if (loop === undefined) return this.state.values
    return new Map([...this.state.values, ...heldNames(loop).map(name => [name, loop.blockState[name]] as const)])
  }

  private pointAt(path: readonly string[], loop: LoopPlace | undefined): ResumePoint {
    const place = loop && { step: loop.step, loopNames: heldNames(loop) }
    return { path, ...place, ...this.saveComponents(), seed: this.seed }
  }

  private saveComponents(): Pick<ResumePoint, 'components' | 'unsaved'> {
    const components: Record<string, SavedRun> = {}
    const unsaved: string[] = []
    for (const [name, component] of this.components) {
      if (!isRunScoped(component)) continue
      try {
        if (component.saveRun && component.restoreRun) components[name] = component.saveRun()
        else unsaved.push(name)
      } catch (error) {
        // The run itself continues all the same.
        if (!(error instanceof NotResumableError)) throw error
        unsaved.push(name)
      }
    }
    return { components, unsaved }
  }

  private *held(): Iterable<readonly [string, unknown]> {
    yield* this.latest.values
    yield ['components', this.latest.point.components]
  }
}

function heldNames({ names, blockState }: LoopPlace): string[] {
  return names.filter(name => name in blockState)
}
