/** What the fuzzer runs: a reader, and the inputs that it is fed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type fc from 'fast-check'

/** One reader, and what it is fed. */
export interface Reader<T> {
  readonly name: string
  /** What errors name in place of the file. */
  readonly subject?: string
  readonly inputs: fc.Arbitrary<T>
  /** Reads an input, perhaps from a file in the folder. */
  read(input: T, folder: string): Promise<void>
}

/** A reader of files that errors name by their folder. */
export function reader<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  read: (input: T, folder: string) => Promise<unknown>,
): Reader<unknown> {
  return {
    name,
    inputs,
    async read(input, folder) {
      await read(input as T, folder) // By the generator of its inputs.
    },
  }
}

/** Writes files into a folder of their own, and says where it is. */
export function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}
