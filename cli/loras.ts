/** `tesserae generate --lora` and `<lora:name:0.8>` in prompts: LoRAs on top of the model. */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { loadLoraWeights, setAdapters } from '../components'
import { nearestName } from '../src/errors/nearest-name'
import { shownNames } from '../src/errors/text'
import { absolutePath } from '../src/files/absolute-path'
import type { RepositoryOptions } from '../src/hub/repository-resolver'
import type { AnyPipeline } from './open-pipeline'
import { UnfitOptionError } from './unfit-option-error'

/** A LoRA, as an option or a prompt names it. */
export interface LoraOption {
  /** File, folder or repository. */
  readonly source: string
  readonly scale: number
}

/** The options that say which LoRAs. */
export interface LoraOptions {
  lora?: readonly LoraOption[]
  /** Folder in which those lie that prompts name. */
  loraDir?: string
}

/** A LoRA in a prompt: `<lora:name>` or `<lora:name:0.8>`. */
const TAG = /<lora:([^:<>]+)(?::([^:<>]*))?>/gi

const ENDING = '.safetensors'

/**
 * Takes the LoRAs out of a prompt.
 *
 * @param dir - the folder that holds them
 * @throws UnfitOptionError for a name that no file has, or several; for a scale that is not a number; for names without a folder
 */
export async function takeLoraTags(
  prompt: string,
  dir: string | undefined,
): Promise<{ prompt: string; loras: LoraOption[] }> {
  const tags = [...prompt.matchAll(TAG)]
  if (tags.length === 0) return { prompt, loras: [] }
  if (dir === undefined) {
    throw new UnfitOptionError(
      'The prompt',
      `it names the LoRA ${tags[0]?.[0]}. Pass the folder of its file with --lora-dir.`,
    )
  }
  const files = await loraFiles(dir)
  const loras = tags.map(([tag, name = '', scale]) => {
    const value = scale === undefined ? 1 : Number(scale)
    if (scale?.trim() === '' || !Number.isFinite(value)) {
      throw new UnfitOptionError('The prompt', `the scale of ${tag} must be a number, as in <lora:${name}:0.8>.`)
    }
    return { source: fileOf(name.trim(), files, dir), scale: value }
  })
  const rest = prompt
    .replace(TAG, '')
    .replace(/\s*,(?:\s*,)+/g, ',')
    .replace(/\s{2,}/g, ' ')
    .trim()
  return { prompt: rest.replace(/^,\s*|\s*,$/g, ''), loras }
}

/** The LoRA files of a folder and of those inside of it, as paths from there. */
async function loraFiles(dir: string): Promise<string[]> {
  try {
    const names = await readdir(dir, { recursive: true })
    return names.filter(name => name.endsWith(ENDING)).sort()
  } catch (error) {
    throw new UnfitOptionError('--lora-dir', `${dir} cannot be read: ${(error as Error).message}.`)
  }
}

function fileOf(name: string, files: readonly string[], dir: string): string {
  const nameOf = (file: string) => basename(file, ENDING)
  const found = files.filter(file => nameOf(file) === name)
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return join(dir, only)
  if (only !== undefined) {
    throw new UnfitOptionError(
      'The prompt',
      `${found.length} files of ${dir} are called "${name}": ${shownNames(found)}. Rename all but one.`,
    )
  }
  const names = files.map(nameOf)
  const nearest = nearestName(name, names)
  const hint =
    nearest === undefined ? `It holds ${names.length === 0 ? 'none' : shownNames(names)}.` : `Closest is "${nearest}".`
  throw new UnfitOptionError('The prompt', `${dir} holds no LoRA "${name}". ${hint}`)
}

/** Puts LoRAs on top of a pipeline's models, which are loaded. @throws what loading throws */
export async function loadLoras(
  pipe: AnyPipeline,
  loras: readonly LoraOption[],
  repository: RepositoryOptions,
): Promise<void> {
  if (loras.length === 0) return
  const names: string[] = []
  for (const { source } of loras) names.push(await loadLoraWeights(pipe, source, repository))
  setAdapters(
    pipe,
    names,
    loras.map(({ scale }) => scale),
  )
}

/** How a record names LoRAs: `pixel-art:0.8`. */
export function loraNames(loras: readonly LoraOption[]): string {
  return loras.map(({ source, scale }) => `${basename(absolutePath(source), ENDING)}:${scale}`).join(', ')
}
