/** The schedule of a run and the place that the run has reached in it. */
import { SchedulerArgumentError } from './scheduler-argument-error'

/** The timesteps that a run visits, and for schedulers in sigma space their noise levels, with the one where the run ends. */
export interface Schedule {
  readonly timesteps: readonly number[]
  readonly sigmas?: readonly number[] | undefined
  /** The number of steps, where it is not the one that was asked for. */
  readonly numInferenceSteps?: number | undefined
}

/** A schedule and the place in it. */
export interface SavedProgress {
  readonly schedule: Schedule
  readonly numInferenceSteps: number | undefined
  readonly begin: number | undefined
  readonly index: number | undefined
}

/** How many timesteps an error lists. */
const LISTED = 12

/** Counts the steps of one run. */
export class RunProgress {
  private begin: number | undefined
  private index: number | undefined

  constructor(
    /** Name of the scheduler's class, for errors. */
    private readonly scheduler: string,
    readonly schedule: Schedule,
    /** The number of steps; `undefined` for the schedule of the training, which no run takes. */
    readonly numInferenceSteps: number | undefined,
  ) {}

  /** Where the run is, as plain values. */
  save(): SavedProgress {
    const { schedule, numInferenceSteps, begin, index } = this
    return { schedule: { ...schedule }, numInferenceSteps, begin, index }
  }

  /** The place that was saved. */
  static restore(scheduler: string, { schedule, numInferenceSteps, begin, index }: SavedProgress): RunProgress {
    const progress = new RunProgress(scheduler, schedule, numInferenceSteps)
    progress.begin = begin
    progress.index = index
    return progress
  }

  /** The place of the first step, if it was set. */
  get beginIndex(): number | undefined {
    return this.begin
  }

  /** @throws SchedulerArgumentError if there is no such place */
  set beginIndex(beginIndex: number) {
    const last = this.schedule.timesteps.length - 1
    if (!Number.isInteger(beginIndex) || beginIndex < 0 || beginIndex > last) {
      throw this.refuse('beginIndex', `must be a whole number from 0 to ${last}, but is ${beginIndex}`)
    }
    this.begin = beginIndex
  }

  /** The place of the next step; `undefined` before the first. */
  get stepIndex(): number | undefined {
    return this.index
  }

  /** The place of the next step, whose timestep must be the one given. @throws SchedulerArgumentError */
  locate(timestep: number): number {
    const { timesteps } = this.schedule
    this.index ??= this.begin ?? this.indexOf(timestep)
    const count = timesteps.length
    if (this.index >= count) {
      throw this.refuse(
        'timestep',
        `is ${timestep}, but all ${count} steps are done. Call setTimesteps() for another run`,
      )
    }
    const expected = timesteps[this.index]
    if (expected !== timestep) {
      throw this.refuse('timestep', `must be ${expected}, number ${this.index + 1} of ${count}, but is ${timestep}`)
    }
    return this.index
  }

  /** The step at a place is done. */
  advance(index: number): void {
    this.index = index + 1
  }

  /**
   * The place of a timestep. Of two, the second: a run that begins there must not take the first half of a step of order 2.
   *
   * @throws SchedulerArgumentError if the timestep is not in the schedule
   */
  indexOf(timestep: number): number {
    const { timesteps } = this.schedule
    const first = timesteps.indexOf(timestep)
    if (first < 0) {
      const more = timesteps.length > LISTED ? ', …' : ''
      const list = `${timesteps.slice(0, LISTED).join(', ')}${more}`
      throw this.refuse('timestep', `${timestep} is not in the schedule, which is ${list}`)
    }
    return first > 0 && timesteps[first + 1] === timestep ? first + 1 : first
  }

  /** The place that decides how much noise is added to clean samples: that of the run, once it is known where it begins. */
  indexForNoise(timestep: number): number {
    if (this.begin !== undefined) return this.index ?? this.begin
    const place = this.indexOf(timestep)
    // Of two at the very start, the second as well: as in the reference, whose runs begin there too.
    return place === 0 && this.schedule.timesteps[1] === timestep ? 1 : place
  }

  private refuse(argument: string, problem: string): SchedulerArgumentError {
    return new SchedulerArgumentError(this.scheduler, argument, problem)
  }
}
