/** The files that `tesserae generate` writes. */

import { access, constants, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Image } from '../components/images/image'
import { absolutePath } from '../src/files/absolute-path'
import { UnwritableFileError } from '../src/files/unwritable-file-error'
import type { Seed } from '../src/params/seed'
import { type GenerationRecord, PNG_KEYWORD } from './generation-record'
import { UnfitOptionError } from './unfit-option-error'

/** `--out -`: the picture goes to standard output. */
export const STANDARD_OUTPUT = '-'

/** Files to write: one for each picture, and for several a grid of all. */
export interface OutputFiles {
  readonly pictures: readonly string[]
  readonly grid: string | undefined
}

/**
 * Names the files: after the prompt and the seed of each picture, or after `out`.
 *
 * @throws UnwritableFileError for a name that does not end in .png, or standard output that cannot take the pictures
 */
export function outputFiles(
  prompt: string,
  seeds: readonly Seed[],
  { out, json }: { out?: string; json?: boolean },
): OutputFiles {
  if (out === STANDARD_OUTPUT) {
    if (seeds.length > 1) throw unfit('takes only one picture. Leave out --count, or name a file.')
    if (json) throw unfit('takes either the picture or the JSON. Leave out --json, or name a file.')
    if (process.stdout.isTTY)
      throw unfit('is a terminal, which cannot show a PNG file. Send it to a file or a program: > picture.png')
    return { pictures: [STANDARD_OUTPUT], grid: undefined }
  }
  const [first] = seeds
  const file = absolutePath(out ?? `${slug(prompt)}${seeds.length > 1 ? '' : `-${first}`}.png`)
  const extension = extname(file)
  if (extension.toLowerCase() !== '.png') {
    throw new UnwritableFileError(
      file,
      'unknown-format',
      'the name of the output must end in .png, because the settings are stored in the file.',
    )
  }
  if (seeds.length === 1) return { pictures: [file], grid: undefined }
  const stem = join(dirname(file), basename(file, extension))
  const grid = out === undefined ? `${stem}-${first}-to-${seeds.at(-1)}${extension}` : file
  return { pictures: seeds.map(seed => `${stem}-${seed}${extension}`), grid }
}

function unfit(problem: string): UnwritableFileError {
  return new UnwritableFileError('standard output', 'unknown-format', problem)
}

/**
 * Fails before the work, not after it, if a file cannot be written.
 *
 * @throws UnwritableFileError if the folder is missing or cannot be written to, if the file is a folder, or its name is too long
 */
export async function requireWritable(file: string | undefined): Promise<void> {
  if (file === undefined || file === STANDARD_OUTPUT) return
  try {
    await access(join(dirname(file), '/'), constants.W_OK)
    const there = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (there?.isDirectory()) {
      throw new UnwritableFileError(file, 'is-folder', 'this is a folder. Pass the path of a file.')
    }
  } catch (error) {
    throw UnwritableFileError.from(file, error)
  }
}

/**
 * Refuses files of other options that would replace a picture.
 *
 * @throws UnfitOptionError if the trace has the name of a picture or of the grid, or previews replace a picture that is drawn already
 */
export function requireOtherFiles(
  { trace, preview }: { trace?: string; preview?: string },
  { pictures, grid }: OutputFiles,
): void {
  const isPicture = (file: string) => pictures.includes(absolutePath(file))
  if (trace !== undefined && (isPicture(trace) || absolutePath(trace) === grid))
    throw unfitFile('--trace', trace, 'trace')
  // The previews of a single picture end before it is written.
  if (preview !== undefined && pictures.length > 1 && isPicture(preview))
    throw unfitFile('--preview', preview, 'previews')
}

function unfitFile(option: string, file: string, content: string): UnfitOptionError {
  return new UnfitOptionError(
    option,
    `a picture is written to ${absolutePath(file)}. Name another file for the ${content}.`,
  )
}

/** The letters and digits of a text, of any script, as a file name. */
function slug(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['picture']
  // Not in the middle of a character.
  return words
    .join('-')
    .slice(0, 60)
    .replace(/[\uD800-\uDBFF]$/, '')
}

/** Writes a picture with the record of how it was made. */
export async function savePicture(image: Image, file: string, record: GenerationRecord): Promise<void> {
  const text = { [PNG_KEYWORD]: JSON.stringify(record) }
  if (file === STANDARD_OUTPUT) await writeOut(await image.toPng(text))
  else await image.save(file, text)
}

/** Waits until standard output has taken the bytes: the process may end behind them. */
function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((done, failed) => {
    process.stdout.write(bytes, error => (error ? failed(error) : done()))
  })
}
