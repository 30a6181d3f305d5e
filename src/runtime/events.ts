/** What a run tells those who watch it. */
import type { BlockState } from '../state/block-state'

/** The run begins. */
export interface RunStartEvent {
  readonly type: 'runStart'
  /** Class of the outermost block. */
  readonly block: string
}

/** A block begins. */
export interface BlockStartEvent {
  readonly type: 'blockStart'
  /** Names of the blocks from the outermost inward. */
  readonly path: readonly string[]
  /** Class of the block. */
  readonly block: string
}

/** A block has ended. */
export interface BlockEndEvent {
  readonly type: 'blockEnd'
  /** Path of the block. */
  readonly path: readonly string[]
  /** Name of the block. */
  readonly block: string
  /** Milliseconds that the block took. */
  readonly duration: number
  /**
   * Returns what the block has written, by name. Live: call it before the listener returns, and begin to read the tensors that you need; they are
   * disposed later.
   */
  readonly outputs: () => Readonly<Record<string, unknown>>
}

/** A loop begins: its first iteration is next. */
export interface LoopStartEvent {
  readonly type: 'loopStart'
  /** Path of the loop. */
  readonly path: readonly string[]
  /** How many iterations are done already: more than 0 only in a run that was resumed. */
  readonly step: number
  /** How many there will be, if the loop says so. */
  readonly total: number | undefined
}

/** An iteration of a loop has ended. */
export interface LoopStepEvent {
  readonly type: 'loopStep'
  /** Path of the loop. */
  readonly path: readonly string[]
  /** How many iterations of this loop have ended, this one included. */
  readonly step: number
  /** How many there will be, if the loop says so. */
  readonly total: number | undefined
  /** The iteration variables. */
  readonly variables: Readonly<Record<string, unknown>>
  /** The loop's values as they are now. Live: read what you need before you return; tensors in it are disposed later. */
  readonly state: Readonly<BlockState>
}

/** A picture of a preview: 8 bits for each channel, row by row from the top. */
export interface PreviewImage {
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  /** Channels of a pixel. */
  readonly channels: number
  /** Pixels, row by row. */
  readonly data: Uint8Array
  /** Writes the picture in the format that the extension names, as a whole or not at all. */
  save(file: string | URL): Promise<void>
}

/** A loop can show what its result may look like. The pictures are made only if they are asked for. */
export interface PreviewEvent {
  readonly type: 'preview'
  /** Path of the step that offers the preview. */
  readonly path: readonly string[]
  /** The iteration of the loop, counted from 1. */
  readonly step: number
  /** How many there will be, if the loop says so. */
  readonly total: number | undefined
  /**
   * Makes the pictures: one for each picture of the run, and none without a VAE. Call it before the listener returns, or before the promise resolves that it returns: the run
   * waits, and disposes the tensors afterwards.
   *
   * @throws PreviewExpiredError if it is called later
   */
  readonly images: () => Promise<readonly PreviewImage[]>
}

/** Something that a person should know, and that does not stop the run. */
export interface WarningEvent {
  readonly type: 'warning'
  /** Path of the block. */
  readonly path: readonly string[]
  /** The kind of warning, e.g. `UNKNOWN_INPUT`. */
  readonly code: string
  /** What the warning says. */
  readonly message: string
}

/** The run has ended well. */
export interface RunEndEvent {
  readonly type: 'runEnd'
  /** Milliseconds that the run took. */
  readonly duration: number
}

/** Any event of a run, told apart by `type`. */
export type PipelineEvent =
  | RunStartEvent
  | BlockStartEvent
  | BlockEndEvent
  | LoopStartEvent
  | LoopStepEvent
  | PreviewEvent
  | WarningEvent
  | RunEndEvent

/** Receives the events of a run. A loop waits for a promise that is returned for its steps and previews; what a listener throws ends the run. */
export type EventListener = (event: PipelineEvent) => void | Promise<void>
