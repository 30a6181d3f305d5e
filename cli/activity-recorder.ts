/** Records the activities of the process, for `--trace` and `--profile`. */
import type { Activity, ActivityObserver } from '../src'

/** An activity that has ended. */
export interface RecordedActivity {
  readonly activity: Activity
  /** Milliseconds. */
  readonly duration: number
  readonly failed: boolean
  /** Bytes that the process took at most meanwhile; `undefined` if that is not measured. */
  readonly peakMemory: number | undefined
}

/** Keeps what has ended, in the order of the ends. */
export class ActivityRecorder implements ActivityObserver {
  readonly activities: RecordedActivity[] = []
  /** Those that have begun, with the peak of memory so far. */
  private readonly open = new Map<Activity, number>()

  /** @param takePeak returns the peak of memory since its last call; by default, memory is not measured */
  constructor(private readonly takePeak?: () => number) {}

  begin(activity: Activity): void {
    this.measure()
    this.open.set(activity, 0)
  }

  end(activity: Activity, { end, error }: { end: number; error: unknown }): void {
    this.measure()
    const peak = this.open.get(activity)
    this.open.delete(activity)
    const peakMemory = this.takePeak && peak
    this.activities.push({ activity, duration: end - activity.start, failed: error !== undefined, peakMemory })
  }

  /** The time since the last beginning or end is a part of all that is under way. */
  private measure(): void {
    if (this.takePeak === undefined) return
    const peak = this.takePeak()
    for (const [activity, before] of this.open) this.open.set(activity, Math.max(before, peak))
  }
}

/** Sorts activities by their beginnings: parts begin after what they are a part of; of those that begin at once, the longest is the whole. */
export function inOrderOfStart(recorded: readonly RecordedActivity[]): RecordedActivity[] {
  return recorded.toSorted((a, b) => a.activity.start - b.activity.start || b.duration - a.duration)
}
