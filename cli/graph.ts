/** `tesserae graph`: a picture of a pipeline, or its nodes for a node editor. */

import { extname } from 'node:path'
import { loadSharp } from '../components/images/load-sharp'
import { drawSvg, MellonPipelineConfig, UnwritableFileError } from '../src'
import { triggersOf } from '../src/documentation/triggers'
import { printable } from '../src/errors/printable'
import { absolutePath } from '../src/files/absolute-path'
import { writeFileAtomically } from '../src/files/write-file-atomically'
import { isRepositoryId } from '../src/hub/repository-resolver'
import { unknownInputMessage } from '../src/pipeline/fill-state'
import { loadSubject, type Subject, type SubjectOptions } from './load-subject'
import { printAside } from './print'
import { UnfitOptionError } from './unfit-option-error'

type Format = 'svg' | 'png' | 'mermaid' | 'mellon'

/** Options of the command, as commander gives them. */
export interface GraphOptions extends SubjectOptions {
  out?: string
  format?: Format
  /** Names of the inputs of a call: what it does not run is pale, what it lacks is red. */
  given?: readonly string[]
}

const FORMATS: Readonly<Record<string, Format>> = {
  '.svg': 'svg',
  '.png': 'png',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '.json': 'mellon',
}

/** Draws the blocks into a file and says where it is; without a file, onto the terminal. */
export async function graph(
  subject: string | undefined,
  { out, format, given, ...which }: GraphOptions,
): Promise<void> {
  const chosen = format ?? (out === undefined ? 'svg' : formatOf(out))
  if (chosen === 'mellon' && given !== undefined) {
    throw new UnfitOptionError(
      '--given',
      'is for diagrams, and Mellon nodes have no call. Leave it out, or pass another --format.',
    )
  }
  const found = await loadSubject(subject, which)
  for (const warning of unknownNames(found, given)) printAside(`warning: ${warning}`)
  const options = given ? { given } : {}
  if (chosen === 'png' && out === undefined) {
    throw new UnwritableFileError(
      'standard output',
      'unknown-format',
      'a PNG file needs a name. Pass --out pipeline.png.',
    )
  }
  const content = await {
    svg: () => drawSvg(found.blocks, options),
    png: async () => svgToPng(await drawSvg(found.blocks, options)),
    mermaid: () => found.blocks.toMermaid(options),
    mellon: () => mellonNodes(found, subject).toJsonString(),
  }[chosen]()
  if (out === undefined) {
    process.stdout.write(printable(String(content)))
    return
  }
  const file = absolutePath(out)
  await writeFileAtomically(file, [Buffer.from(content)])
  console.log(file)
}

/** Dots per inch at which one unit of an SVG picture is two pixels, for sharp text. */
const DENSITY = 144

/** Draws an SVG picture as a PNG file. */
async function svgToPng(svg: string): Promise<Buffer> {
  return loadSharp()(Buffer.from(svg), { density: DENSITY }).flatten({ background: 'white' }).png().toBuffer()
}

/** What is wrong with names that no input has; a trigger counts where no branch takes it, too. */
function unknownNames({ blocks }: Subject, given: readonly string[] = []): string[] {
  const known = [...blocks.inputs.map(input => input.name ?? input.kwargsType), ...triggersOf(blocks)]
  return given.filter(name => !known.includes(name)).map(name => unknownInputMessage(name, blocks.inputs))
}

/** The nodes of Mellon that stand for parts of the blocks; if none exist, one node for all of them. */
function mellonNodes({ blocks }: Subject, subject: string | undefined): MellonPipelineConfig {
  const options = subject !== undefined && isRepositoryId(subject) ? { defaultRepo: subject } : {}
  const config = MellonPipelineConfig.fromBlocks(blocks, options)
  const hasNodes = Object.values(config.nodeParams).some(node => node !== null)
  return hasNodes ? config : MellonPipelineConfig.fromCustomBlock(blocks, options)
}

/** The format that a file's name asks for.
 * @throws UnwritableFileError for one that says nothing of it */
function formatOf(file: string): Format {
  const format = FORMATS[extname(file).toLowerCase()]
  if (format !== undefined) return format
  const advice = `name it .svg, .png, .mmd or .json, or pass --format.`
  throw new UnwritableFileError(
    file,
    'unknown-format',
    `"${extname(file)}" is not a format of pictures of blocks; ${advice}`,
  )
}
