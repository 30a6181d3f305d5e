/** What passes between the process of ONNX Runtime and the one that started it. */
import type { InferenceSession } from 'onnxruntime-common'
import type { GraphDType } from '../../backends/recorder/graph'

/** A tensor that can cross to another process. */
export interface SentTensor {
  dtype: GraphDType
  shape: readonly number[]
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>
}

/** A tensor without its numbers, which follow as a part of the frame. */
export interface TensorHeader {
  name: string
  dtype: GraphDType
  shape: readonly number[]
}

/** Makes a session from the bytes of an ONNX model, the only part of the frame. */
export interface CreateRequest {
  do: 'create'
  session: number
  options: InferenceSession.SessionOptions
}

/** Runs a session and returns the tensors of those names. The numbers of the feeds are the parts of the frame. */
export interface RunRequest {
  do: 'run'
  session: number
  feeds: readonly TensorHeader[]
  fetches: readonly string[]
}

/** Releases a session's memory. */
export interface ReleaseRequest {
  do: 'release'
  session: number
}

/** What the process is asked for. It answers each request once, in order; its first answer says that it is ready. */
export type SessionRequest = CreateRequest | RunRequest | ReleaseRequest

/** The answer: results, whose numbers are the parts of the frame, or the runtime's own words. */
export interface SessionAnswer {
  outputs?: readonly TensorHeader[]
  error?: string
}

/** What a frame begins with, as JSON: a message, and the bytes of each part that follows. */
export interface FrameHeader<M> {
  message: M
  sizes: readonly number[]
}
