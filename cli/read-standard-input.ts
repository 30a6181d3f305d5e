/** Reads what is piped into a command. */
import { fstatSync } from 'node:fs'

/** Why standard input cannot be read. */
export type StandardInputProblem = 'too-long' | 'is-folder'

/**
 * Returns the bytes on standard input.
 *
 * @param most how many there may be
 * @param errorFor makes the error for more, and for a folder, which Node reads as nothing
 */
export async function readStandardInput(
  most: number,
  errorFor: (problem: StandardInputProblem) => Error,
): Promise<Buffer> {
  if (isFolder()) throw errorFor('is-folder')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array))
    length += chunks.at(-1)?.length ?? 0
    if (length > most) throw errorFor('too-long')
  }
  return Buffer.concat(chunks)
}

function isFolder(): boolean {
  try {
    return fstatSync(0).isDirectory()
  } catch {
    // It is closed, and holds nothing.
    return false
  }
}
