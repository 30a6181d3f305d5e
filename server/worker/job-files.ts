/** The files of a job while it runs: what it makes goes to the store, and its state comes from there. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ResultStore } from '../results/result-store'

/** Key of the state from which the run of a job continues. */
const STATE_KEY = 'run.safetensors'

/** The files of one run, and the way to the store. */
export class JobFiles {
  /** Of this run alone. It is made when the first file is written. */
  readonly folder: string
  private saving: Promise<void> = Promise.resolve()
  private hasState = false

  /** @param folder that of the worker */
  constructor(
    private readonly store: ResultStore,
    private readonly job: string,
    folder: string,
  ) {
    this.folder = join(folder, randomUUID())
  }

  /** The state that an earlier run has saved, as a file; `undefined` if none exists. */
  async fetchState(): Promise<string | undefined> {
    const found = await this.store.open(this.job, STATE_KEY)
    if (found === undefined) return undefined
    this.hasState = true
    await mkdir(this.folder)
    const file = join(this.folder, STATE_KEY)
    await writeFile(file, found.stream)
    return file
  }

  /** Stores a state that was written to a file, behind those before it. Failures are reported, and cost progress alone. */
  saveState(file: string, onError: (error: unknown) => void): void {
    this.saving = this.saving.then(async () => {
      try {
        await this.store.put(this.job, STATE_KEY, await readFile(file))
        this.hasState = true
        await rm(file, { force: true })
      } catch (error) {
        onError(error)
      }
    })
  }

  /** Resolves when the latest state is in the store. */
  async saved(): Promise<void> {
    await this.saving
  }

  /** Removes the state of a job that has ended. */
  async removeState(): Promise<void> {
    await this.saving
    if (this.hasState) await this.store.remove(this.job, STATE_KEY)
  }

  async close(): Promise<void> {
    await this.saving
    // A process that died may have left a part of a state.
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined)
  }
}
