/** What is known of a run, gathered from its events. */
import type { JobEvent, JobFailure, PictureInfo } from '../server/types'

/** A block of a run. */
export interface BlockRun {
  readonly status: 'running' | 'done' | 'failed'
  /** Milliseconds of all its runs. */
  readonly duration: number
  /** How often it has run. */
  readonly runs: number
  /** Bytes of the process after it; the most of all runs. */
  readonly memory: number | undefined
  /** Of a loop. */
  readonly step?: number
  readonly total?: number | null
}

/** Values that were kept of a block. */
export interface KeptAt {
  readonly step: number | null
  readonly url: string
}

/** A run, as far as it has come. */
export interface RunState {
  readonly status: 'queued' | 'running' | 'finished' | 'failed' | 'cancelled' | 'unknown'
  /** By the key of a block's path. */
  readonly blocks: ReadonlyMap<string, BlockRun>
  readonly values: ReadonlyMap<string, readonly KeptAt[]>
  /** The innermost loop that has reported last. */
  readonly progress: { readonly step: number; readonly total: number | null } | undefined
  readonly previews: readonly PictureInfo[]
  readonly pictures: readonly PictureInfo[]
  readonly warnings: readonly string[]
  readonly error: JobFailure | undefined
}

/** A run of which nothing is known yet. */
export const newRun: RunState = {
  status: 'queued',
  blocks: new Map(),
  values: new Map(),
  progress: undefined,
  previews: [],
  pictures: [],
  warnings: [],
  error: undefined,
}

/** The key of a block. */
export function pathKey(path: readonly string[]): string {
  return JSON.stringify(path)
}

/** Whether a run has ended. */
export function isOver({ status }: Pick<RunState, 'status'>): boolean {
  return status !== 'queued' && status !== 'running'
}

/** The run after an event. */
export function afterEvent(run: RunState, event: JobEvent): RunState {
  switch (event.type) {
    case 'queued':
      // A server that has started again tells from the beginning.
      return newRun
    case 'started':
      return { ...newRun, status: 'running', values: run.values, warnings: run.warnings }
    case 'requeued':
      return { ...run, status: 'queued' }
    case 'blockStart':
      return withBlock(run, event.path, block => ({ ...block, status: 'running' }))
    case 'blockEnd':
      return withBlock(run, event.path, block => ({
        ...block,
        status: 'done',
        duration: block.duration + event.duration,
        runs: block.runs + 1,
        memory: event.memory ? Math.max(block.memory ?? 0, event.memory.process) : block.memory,
      }))
    case 'loopStart':
    case 'loopStep': {
      const { path, step, total } = event
      const looped = withBlock(run, path, block => ({ ...block, step, total }))
      return { ...looped, progress: { step, total } }
    }
    case 'preview':
      return event.images.length > 0 ? { ...run, previews: event.images } : run
    case 'values': {
      const key = pathKey(event.path)
      const { step, url } = event
      return { ...run, values: new Map(run.values).set(key, [...(run.values.get(key) ?? []), { step, url }]) }
    }
    case 'warning':
      return run.warnings.includes(event.message) ? run : { ...run, warnings: [...run.warnings, event.message] }
    case 'finished':
      return { ...run, status: 'finished', pictures: event.result.pictures }
    case 'failed':
      return { ...withFailure(run, event.error), status: 'failed', error: event.error }
    case 'cancelled':
      return { ...run, status: 'cancelled', blocks: stopped(run.blocks) }
    default:
      return run
  }
}

/** The path of the block that threw: without the iterations that an error tells. */
export function failedPath({ path = [], cause }: JobFailure): readonly string[] {
  const own = path.map(name => name.replace(/\[step \d+(?: of \d+)?\]$/, '')).filter(name => name !== '')
  const inner = cause ? failedPath(cause) : []
  return inner.length > own.length ? inner : own
}

function withBlock(run: RunState, path: readonly string[], change: (block: BlockRun) => BlockRun): RunState {
  const key = pathKey(path)
  const known: BlockRun = run.blocks.get(key) ?? { status: 'running', duration: 0, runs: 0, memory: undefined }
  return { ...run, blocks: new Map(run.blocks).set(key, change(known)) }
}

function withFailure(run: RunState, error: JobFailure): RunState {
  const failed = withBlock(run, failedPath(error), block => ({ ...block, status: 'failed' }))
  return { ...failed, blocks: stopped(failed.blocks) }
}

function stopped(blocks: RunState['blocks']): RunState['blocks'] {
  return new Map(
    [...blocks].map(([key, block]) => [key, block.status === 'running' ? { ...block, status: 'done' } : block]),
  )
}
