/** LoRAs that prompts name, as AUTOMATIC1111 writes them: `<lora:name:0.8>`. */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ModularError } from '../../../src/errors/modular-error'
import { nearestName } from '../../../src/errors/nearest-name'
import { shownNames } from '../../../src/errors/text'

/** A LoRA in a prompt: `<lora:name>` or `<lora:name:0.8>`. */
const TAG = /<lora:([^:<>]+)(?::([^:<>]*))?>/gi

/** Characters of a prompt that a message shows. */
const SHOWN = 100

const ENDING = '.safetensors'

/** A LoRA as a prompt names it, once or several times. */
export interface TaggedLora {
  /** Name of its file, without folder and ending. */
  readonly name: string
  readonly scale: number
}

/** A prompt names a LoRA that is not there, does not fit the model, or has a scale that is not a number. */
export class LoraTagError extends ModularError {
  override readonly code = 'LORA_TAG'
  /** Name of the input. */
  readonly input = 'prompt'

  /** @param problem what is wrong, and what to do; it names no folder */
  constructor(
    readonly problem: string,
    cause?: unknown,
  ) {
    super(`The prompt: ${problem}`, { cause })
  }
}

/** Takes the LoRAs out of a prompt. The scales of one that it names several times are added up. @throws LoraTagError for a scale that is not a number */
export function takeLoraTags(prompt: string): { prompt: string; loras: TaggedLora[] } {
  const tags = [...prompt.matchAll(TAG)]
  if (tags.length === 0) return { prompt, loras: [] }
  const scales = new Map<string, number>()
  for (const [tag, given = '', scale] of tags) {
    const name = given.trim()
    const value = (scales.get(name) ?? 0) + (scale === undefined ? 1 : Number(scale))
    if (scale?.trim() === '' || !Number.isFinite(value)) {
      const example = `<lora:${name.slice(0, SHOWN)}:0.8>`
      throw new LoraTagError(`the scale of ${tag.slice(0, SHOWN)} must be a number, as in ${example}.`)
    }
    scales.set(name, value)
  }
  const loras = Array.from(scales, ([name, scale]) => ({ name, scale }))
  // White space first: a search for commas behind a run of it would take a time that grows with its square.
  const rest = prompt
    .replace(TAG, '')
    .replace(/\s{2,}/g, ' ')
    .replace(/\s?,(?:\s?,)+/g, ',')
    .trim()
  return { prompt: rest.replace(/^,\s?|\s?,$/g, ''), loras }
}

/**
 * Finds the files of LoRAs in a folder and in those inside of it. Names are compared with those of the files, and never become a part of a path.
 *
 * @throws LoraTagError for a name that no file has, or several; what reading the folder throws
 */
export async function findTaggedLoras(dir: string, names: readonly string[]): Promise<string[]> {
  const files = (await readdir(dir, { recursive: true })).filter(name => name.endsWith(ENDING)).sort()
  return names.map(name => join(dir, fileOf(name, files)))
}

function fileOf(name: string, files: readonly string[]): string {
  const nameOf = (file: string) => basename(file, ENDING)
  const found = files.filter(file => nameOf(file) === name)
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  const shown = JSON.stringify(name.slice(0, SHOWN))
  if (only !== undefined) {
    const problem = `${found.length} files of the folder with LoRAs are called ${shown}. Rename all but one.`
    throw new LoraTagError(problem)
  }
  const names = files.map(nameOf)
  const nearest = nearestName(name.slice(0, SHOWN), names)
  const hint =
    nearest === undefined
      ? `It holds ${names.length === 0 ? 'none' : shownNames(names)}.`
      : `The closest name is "${nearest}".`
  throw new LoraTagError(`the folder with LoRAs holds no LoRA ${shown}. ${hint}`)
}
