/** An activity from its beginning to its end, as reported to observers. */
import { emitWarningOnce } from '../errors/emit-warning'
import { activeRun } from '../runtime/active-run'
import { after, type MaybePromise, orFail } from '../runtime/maybe-promise'
import type { Activity, ActivityKind, ActivityObserver } from './activity'
import { observers } from './observers'

/** An activity that is observed, and has not ended. */
export class OngoingActivity {
  private hasEnded = false

  private constructor(
    readonly activity: Activity,
    private readonly observers: readonly ActivityObserver[],
  ) {
    for (const observer of observers) guarded(() => observer.begin?.(activity))
  }

  /** Begins an activity as a part of what the calling code is a part of; `undefined` if nobody observes. */
  static begin(kind: ActivityKind, name: string, attributes: Activity['attributes'] = {}): OngoingActivity | undefined {
    const present = observers()
    if (present === undefined) return undefined
    const parent = activeRun()?.activity
    // Blocks of a pipeline are named from its outermost block on, also where it is called by a block of another one.
    const path = kind === 'run' ? [] : (parent?.path ?? [])
    return new OngoingActivity({ kind, name, path, attributes, parent, start: performance.now() }, present)
  }

  /** Begins a part of this activity, with the same observers. */
  beginPart(kind: ActivityKind, part: Pick<Activity, 'name' | 'path' | 'attributes'>): OngoingActivity {
    return new OngoingActivity({ kind, ...part, parent: this.activity, start: performance.now() }, this.observers)
  }

  /** Calls work as a part of the activity. */
  within<T>(work: () => T): T {
    const { activity } = this
    return this.observers.reduce<() => T>(
      (inner, observer) => (observer.within ? () => around(observer, activity, inner) : inner),
      work,
    )()
  }

  /** The activity has ended, well or with an error. Later calls change nothing. */
  end(error?: unknown): void {
    if (this.hasEnded) return
    this.hasEnded = true
    const outcome = { end: performance.now(), error }
    for (const observer of this.observers) guarded(() => observer.end?.(this.activity, outcome))
  }
}

/** Does asynchronous work as an activity, if somebody observes. */
export function asActivity<T>(
  kind: ActivityKind,
  name: string,
  attributes: Activity['attributes'],
  work: () => Promise<T>,
): Promise<T> {
  const ongoing = OngoingActivity.begin(kind, name, attributes)
  return ongoing ? Promise.resolve(observed(ongoing, work)) : work()
}

/** Does work as an activity, which ends as the work does. */
export function observed<T>(
  part: Pick<OngoingActivity, 'within' | 'end'>,
  work: () => MaybePromise<T>,
): MaybePromise<T> {
  const done = orFail(
    () => part.within(work),
    error => {
      part.end(error)
      throw error
    },
  )
  return after(done, result => {
    part.end()
    return result
  })
}

/** Calls work inside of an observer. If that fails before it begins the work, the work is done without it. */
function around<T>(observer: ActivityObserver, activity: Activity, work: () => T): T {
  let hasBegun = false
  const begin = () => {
    hasBegun = true
    return work()
  }
  try {
    return observer.within?.(activity, begin) as T
  } catch (error) {
    if (hasBegun) throw error
    guarded(() => {
      throw error
    })
    return work()
  }
}

/** Calls an observer, whose failure must not fail the run. */
function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    emitWarningOnce('OBSERVER_FAILED', `An observer of activities failed: ${reason}`)
  }
}
