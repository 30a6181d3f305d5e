/** `tesserae graph`: a picture of a pipeline. */
import { extname, resolve } from 'node:path'
import { drawSvg, UnwritableFileError } from '../src'
import { writeFileAtomically } from '../src/files/write-file-atomically'
import { loadSubject, type SubjectOptions } from './load-subject'

/** Options of the command, as commander gives them. */
export interface GraphOptions extends SubjectOptions {
  out?: string
  format?: 'svg' | 'mermaid'
  /** Names of the inputs of a call: what it does not run is pale, what it lacks is red. */
  given?: readonly string[]
}

const FORMATS: Readonly<Record<string, 'svg' | 'mermaid'>> = { '.svg': 'svg', '.mmd': 'mermaid', '.mermaid': 'mermaid' }

/** Draws the blocks into a file and says where it is; without a file, onto the terminal. */
export async function graph(
  subject: string | undefined,
  { out, format, given, ...which }: GraphOptions,
): Promise<void> {
  const chosen = format ?? (out === undefined ? 'svg' : formatOf(out))
  const { blocks } = await loadSubject(subject, which)
  const options = given ? { given } : {}
  const picture = chosen === 'svg' ? await drawSvg(blocks, options) : blocks.toMermaid(options)
  if (out === undefined) {
    process.stdout.write(picture)
    return
  }
  const file = resolve(out)
  await writeFileAtomically(file, [Buffer.from(picture)])
  console.log(file)
}

/** The format that a file's name asks for.
 * @throws UnwritableFileError for one that says nothing of it */
function formatOf(file: string): 'svg' | 'mermaid' {
  const format = FORMATS[extname(file).toLowerCase()]
  if (format !== undefined) return format
  const advice = `name it .svg or .mmd, or give --format.`
  throw new UnwritableFileError(
    file,
    'unknown-format',
    `"${extname(file)}" is no format of pictures of blocks; ${advice}`,
  )
}
