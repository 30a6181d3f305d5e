/** The activities of one run, each a part of the one before. */
import type { Activity, ActivityKind } from '../telemetry/activity'
import type { OngoingActivity } from '../telemetry/ongoing-activity'

type Attributes = Activity['attributes']

/** A part of a run that is observed. */
export interface ObservedPart {
  /** Calls the work of the part. */
  within<T>(work: () => T): T
  /** The part has ended, well or with an error. */
  end(error?: unknown): void
}

/** Knows which activity is under way. Blocks of a run come one after another, so they form a stack. */
export class RunActivities {
  private readonly stack: OngoingActivity[]

  constructor(run: OngoingActivity) {
    this.stack = [run]
  }

  /** The innermost activity. */
  get current(): Activity {
    return this.innermost.activity
  }

  /** Begins a part of the innermost activity. What is inside of the part has ended when the part ends. */
  begin(kind: ActivityKind, name: string, path: readonly string[], attributes: Attributes): ObservedPart {
    const depth = this.stack.length
    const part = this.innermost.beginPart(kind, { name, path, attributes })
    this.stack.push(part)
    return {
      within: work => part.within(work),
      end: error => {
        this.stack.length = depth
        part.end(error)
      },
    }
  }

  private get innermost(): OngoingActivity {
    return this.stack.at(-1) as OngoingActivity // That of the run is always there.
  }
}
