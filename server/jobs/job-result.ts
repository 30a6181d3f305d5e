/** What a job has made. */
import type { JsonValue } from './json'

/** A picture in the result store. */
export interface StoredPicture {
  /** Its key in the store, relative to the job: `ResultStore.open(job.id, key)`. */
  readonly key: string
  /** Media type of the file, e.g. `image/png`. */
  readonly mediaType: string
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
  /** Bytes of the file. */
  readonly size: number
}

/** What a finished job has made, by the names of its outputs: pictures by their keys, everything else in wire form. */
export interface JobResult {
  /** All pictures of the outputs, in their order. */
  readonly pictures: readonly StoredPicture[]
  /** The outputs in wire form. A picture is `{ url, width, height }`, in which `url` is its key. */
  readonly outputs: { readonly [name: string]: JsonValue }
}
