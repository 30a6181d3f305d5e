/** Activities as a Chrome trace: a file that chrome://tracing and https://ui.perfetto.dev open. */
import type { ActivityKind } from '../src'
import { inOrderOfStart, type RecordedActivity } from './activity-recorder'

/** An event of the format. Times are microseconds. */
type TraceEvent =
  | {
      readonly ph: 'X'
      readonly name: string
      readonly cat: ActivityKind
      readonly ts: number
      readonly dur: number
      readonly pid: number
      readonly tid: number
      readonly args: Readonly<Record<string, unknown>>
    }
  | {
      readonly ph: 'M'
      readonly name: 'process_name' | 'thread_name' | 'thread_sort_index'
      readonly pid: number
      readonly tid: number
      readonly args: Readonly<Record<string, string | number>>
    }

/** The rows of the picture, by what they show: what happens at the same time as a run is below it. */
const ROWS: Readonly<Record<ActivityKind, string>> = {
  run: 'blocks',
  block: 'blocks',
  loopStep: 'blocks',
  model: 'models',
  session: 'sessions',
  load: 'loading',
}

/** Returns the trace as JSON. */
export function chromeTrace(recorded: readonly RecordedActivity[]): string {
  const pid = process.pid
  const events: TraceEvent[] = [{ ph: 'M', name: 'process_name', pid, tid: 0, args: { name: 'tesserae' } }]
  const lanes = new Lanes()
  for (const { activity, duration, failed, peakMemory } of inOrderOfStart(recorded)) {
    const { kind, name, path, attributes, start } = activity
    const args = {
      ...(path.length > 0 && { path: path.join('.') }),
      ...attributes,
      ...(failed && { failed }),
      ...(peakMemory !== undefined && { peakMemory }),
    }
    const title = kind === 'loopStep' ? `step ${attributes.step}` : name
    const tid = lanes.place(ROWS[kind], start, start + duration)
    events.push({ ph: 'X', name: title, cat: kind, ts: start * 1000, dur: duration * 1000, pid, tid, args })
  }
  for (const [tid, name] of lanes.names) {
    events.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name } })
    events.push({ ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } })
  }
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events })
}

/** Gives each activity a lane in which it lies wholly inside of the ones around it, as the format asks for. */
class Lanes {
  readonly names = new Map<number, string>()
  /** The ends of what is open in each lane, outermost first. */
  private readonly open = new Map<string, { tid: number; ends: number[] }[]>()

  /** Returns the number of the lane. Activities come in the order in which they begin. */
  place(row: string, start: number, end: number): number {
    const lanes = this.open.get(row) ?? []
    this.open.set(row, lanes)
    for (const lane of lanes) {
      lane.ends = lane.ends.filter(other => other > start)
      if (lane.ends.some(other => other < end)) continue
      lane.ends.push(end)
      return lane.tid
    }
    const tid = this.names.size + 1
    this.names.set(tid, lanes.length === 0 ? row : `${row} ${lanes.length + 1}`)
    lanes.push({ tid, ends: [end] })
    return tid
  }
}
