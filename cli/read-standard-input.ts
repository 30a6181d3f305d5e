/** Reads what is piped into a command. */

/**
 * Returns the bytes on standard input.
 *
 * @param most how many there may be
 * @param tooLong makes the error for more
 */
export async function readStandardInput(most: number, tooLong: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array))
    length += chunks.at(-1)?.length ?? 0
    if (length > most) throw tooLong()
  }
  return Buffer.concat(chunks)
}
