/** What is said between a graph executor and the thread that holds its sessions. */
import type { InferenceSession } from 'onnxruntime-common'
import type { GraphDType } from '../../backends/recorder/graph'

/** A tensor that can cross to another thread. */
export interface PlainTensor {
  dtype: GraphDType
  shape: readonly number[]
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>
}

/** Makes a session from the bytes of an ONNX model. */
export interface CreateRequest {
  do: 'create'
  session: number
  model: Uint8Array
  options: InferenceSession.SessionOptions
}

/** Runs a session and returns the tensors of those names. */
export interface RunRequest {
  do: 'run'
  session: number
  feeds: Readonly<Record<string, PlainTensor>>
  fetches: readonly string[]
}

/** Gives a session's memory back. */
export interface ReleaseRequest {
  do: 'release'
  session: number
}

/** What the thread is asked; each request is answered once, under its id. */
export type SessionRequest = (CreateRequest | RunRequest | ReleaseRequest) & { id: number }

/** The answer: a result, or the words of the runtime. */
export interface SessionAnswer {
  id: number
  result?: unknown
  error?: string
}
