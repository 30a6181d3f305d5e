/** `tesserae inspect`: how a picture was made. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { InvalidImageError } from '../components/images/invalid-image-error'
import { readPngText } from '../components/images/png-text'
import { PNG_KEYWORD } from './generation-record'
import { print } from './print'

/** Prints what is stored in a picture's file. */
export async function inspect(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const text = (await readText(file)).get(PNG_KEYWORD)
  if (text === undefined)
    throw new InvalidImageError(
      file,
      'holds nothing about how it was made: tesserae did not write it, or something has rewritten it since.',
    )
  const record = parse(file, text)
  if (json) print(JSON.stringify(record, null, 2))
  else
    for (const [name, value] of Object.entries(record))
      print(`${name.padEnd(15)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

async function readText(file: string): Promise<ReadonlyMap<string, string>> {
  try {
    return await readPngText(await readFile(file))
  } catch (cause) {
    throw new InvalidImageError(file, `cannot be read as a PNG file: ${(cause as Error).message}`, cause)
  }
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch (cause) {
    throw new InvalidImageError(file, 'holds a damaged record of how it was made.', cause)
  }
}
