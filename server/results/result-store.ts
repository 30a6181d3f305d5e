/** Where the files of jobs lie: pictures, previews, and the states from which runs continue. Engines: `FolderStore` and `S3Store`. */

/** A file that is being read. */
export interface StoredFile {
  /** Its bytes, once. */
  readonly stream: ReadableStream<Uint8Array>
  /** Media type of the file, e.g. `image/png`. */
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
}

/** Keeps files of which the endings of their keys tell the media types, by the id of a job and a key: names of letters, digits, `.`, `_`, `~` and `-`, joined by `/`. Many processes may use one at once. */
export interface ResultStore {
  /**
   * Writes a file as a whole or not at all: a reader sees the old content or the new.
   *
   * @throws InvalidKeyError, ResultStoreError
   */
  put(job: string, key: string, bytes: Uint8Array): Promise<void>

  /** Opens a file; `undefined` if none exists. @throws InvalidKeyError, ResultStoreError */
  open(job: string, key: string): Promise<StoredFile | undefined>

  /** Removes a file, if it exists. @throws InvalidKeyError, ResultStoreError */
  remove(job: string, key: string): Promise<void>

  /** Removes all files of a job. @throws InvalidKeyError, ResultStoreError */
  removeJob(job: string): Promise<void>

  /**
   * Removes the files of jobs that were last written to before a time. Files that belong to no job stay.
   *
   * @param time milliseconds since 1970
   * @returns the ids of the jobs
   * @throws ResultStoreError
   */
  removeOlderThan(time: number): Promise<string[]>

  /** Makes sure that files can be written and read: for `/readyz`, and before a server starts. @throws ResultStoreError */
  check(): Promise<void>

  /** Releases connections. */
  close(): Promise<void>
}
