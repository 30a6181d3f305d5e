/** The choice of the models that leave memory. Counterpart: AutoOffloadStrategy of diffusers. */
import type { ManagedModel } from '../managed-model'

/** A model that is in memory, is not being called, and may leave. */
export interface OffloadCandidate {
  /** Id of the component. */
  readonly id: string
  /** The model. */
  readonly model: ManagedModel
  /** Bytes of its weights in memory. */
  readonly bytes: number
}

/** What a strategy decides about. */
export interface OffloadRequest {
  /** The model that is to be called. */
  readonly id: string
  /** The model that is to come. */
  readonly model: ManagedModel
  /** Bytes that it brings into memory. */
  readonly bytes: number
  /** Bytes that are free for it, without the margin; below zero where more is in use than may be. */
  readonly free: number
  /** What could leave, the least recently used first. */
  readonly candidates: readonly OffloadCandidate[]
}

/** Names the candidates that leave, by their ids, before the model comes in. It is asked whenever one does. */
export type OffloadStrategy = (request: OffloadRequest) => readonly string[]
