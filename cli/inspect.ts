/** `tesserae inspect`: how a picture was made, or what a file of weights is. */
import { z } from 'zod'
import { imageFileBytes } from '../components/images/decode-image'
import { InvalidImageError } from '../components/images/invalid-image-error'
import { readPngText } from '../components/images/png-text'
import { readFileBytes } from '../src/files/read-file'
import { parseJson } from '../src/format/parse-json'
import { PNG_KEYWORD } from './generation-record'
import { print } from './print'

/** How files of weights end. */
const WEIGHT_FILE = /\.(?:safetensors|ckpt|bin|pth?|gguf)$/i

/** Prints what is stored in a picture's file, or what a file of weights is. */
export async function inspect(file: string, { json = false }: { json?: boolean }): Promise<void> {
  if (WEIGHT_FILE.test(file)) {
    // Pictures need none of the code that reads weights.
    const { inspectWeights } = await import('./inspect-weights.js')
    return inspectWeights(file, { json })
  }
  const text = (await readTexts(file)).get(PNG_KEYWORD)
  if (text === undefined)
    throw new InvalidImageError(
      file,
      'has no record of how it was made: tesserae did not write it, or another program has changed it since.',
    )
  const record = parse(file, text)
  if (json) print(JSON.stringify(record, null, 2))
  else
    for (const [name, value] of Object.entries(record))
      print(`${name.padEnd(15)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

async function readTexts(file: string): Promise<ReadonlyMap<string, string>> {
  try {
    return await readPngText(await readFileBytes(file, imageFileBytes({})), file)
  } catch (cause) {
    if (cause instanceof InvalidImageError) throw new InvalidImageError(file, `${problemIn(cause)} ${ADVICE}`, cause)
    throw new InvalidImageError(file, `${readProblem(cause as NodeJS.ErrnoException)} ${ADVICE}`, cause)
  }
}

const ADVICE = 'Pass a PNG file that tesserae generate wrote, or a .safetensors or .gguf file.'

/** What is wrong with a file that cannot be read. */
function readProblem({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file.'
  if (code === 'EISDIR') return 'this is a folder.'
  if (code === 'EACCES' || code === 'EPERM') return 'there is no permission to read this file.'
  return `cannot be read: ${message.replace(/\.$/, '')}.`
}

/** What is wrong with the contents of a file, without its name. */
function problemIn({ source, message }: InvalidImageError): string {
  return message.replace(`${source}: `, '')
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(parseJson(text))
  } catch (cause) {
    throw new InvalidImageError(file, 'holds a damaged record of how it was made.', cause)
  }
}
