/** `tesserae generate --profile`: time and peak memory of each block as a table. */
import type { Activity, ActivityKind } from '../src'
import { formatBytes } from '../src/format/byte-size'
import { inOrderOfStart, type RecordedActivity } from './activity-recorder'

/** A row: all activities of one kind with the same place. */
export interface ProfileRow {
  /** `run` and `block`, or `load` and `session` for what is done besides. */
  readonly kind: 'run' | 'block' | 'load' | 'session'
  readonly name: string
  /** Names of the blocks, outermost first. */
  readonly path: readonly string[]
  /** How often it was done: a part of a loop once in each iteration. */
  readonly calls: number
  /** Milliseconds of all calls. */
  readonly duration: number
  /** Bytes that the process took at most. */
  readonly peakMemory: number
}

/** What has rows, in the order of the table's parts. Loop steps and calls of models are a part of their blocks. */
const PARTS: Readonly<Partial<Record<ActivityKind, number>>> = { run: 0, block: 0, load: 1, session: 2 }

const HEADINGS: Readonly<Partial<Record<ProfileRow['kind'], string>>> = { load: 'loading', session: 'sessions' }

/** Sums the activities up: first runs with their blocks, in the order in which they began; then what is done besides. */
export function profileRows(recorded: readonly RecordedActivity[]): ProfileRow[] {
  const rows = new Map<string, ProfileRow>()
  for (const { activity, duration, peakMemory = 0 } of inOrderOfStart(recorded)) {
    const { kind, name, path } = activity
    // The outermost block is the run once more.
    if (!isListed(kind) || (kind === 'block' && path.length === 0)) continue
    const place = PARTS[kind] === 0 ? path : []
    const key = JSON.stringify([kind, name, place, PARTS[kind] === 0 && runOf(activity)])
    const row = rows.get(key)
    rows.set(key, {
      kind,
      name,
      path: place,
      calls: (row?.calls ?? 0) + 1,
      duration: (row?.duration ?? 0) + duration,
      peakMemory: Math.max(row?.peakMemory ?? 0, peakMemory),
    })
  }
  return [...rows.values()].sort((a, b) => (PARTS[a.kind] as number) - (PARTS[b.kind] as number))
}

function isListed(kind: ActivityKind): kind is ProfileRow['kind'] {
  return kind in PARTS
}

/** Name of the pipeline that an activity is a part of. */
function runOf(activity: Activity): string | undefined {
  let part: Activity | undefined = activity
  while (part !== undefined && part.kind !== 'run') part = part.parent
  return part?.name
}

/** Returns the rows as a table. */
export function profileTable(rows: readonly ProfileRow[]): string {
  const total = rows.filter(({ kind }) => kind === 'run').reduce((sum, { duration }) => sum + duration, 0)
  const cells: string[][] = [['block', 'calls', 'time', 'share', 'peak memory']]
  let kind: ProfileRow['kind'] = 'run'
  for (const row of rows) {
    const heading = row.kind === kind ? undefined : HEADINGS[row.kind]
    if (heading !== undefined) cells.push([heading, '', '', '', ''])
    kind = row.kind
    const depth = row.kind === 'block' ? row.path.length : row.kind === 'run' ? 0 : 1
    const isPart = PARTS[row.kind] === 0
    cells.push([
      `${'  '.repeat(depth)}${row.name}`,
      String(row.calls),
      formatTime(row.duration),
      isPart && total > 0 ? `${((row.duration / total) * 100).toFixed(1)} %` : '',
      formatBytes(row.peakMemory),
    ])
  }
  const widths = (cells[0] as string[]).map((_, i) => Math.max(...cells.map(row => (row[i] as string).length)))
  return cells
    .map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[i] as number))))
    .map(row => row.join('  ').trimEnd())
    .join('\n')
}

/** Milliseconds for people. */
function formatTime(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
}
