/** `tesserae generate --lora` and `<lora:name:0.8>` in prompts: LoRAs on top of the model. */
import { basename } from 'node:path'
import { LoraTagError, loadLoraWeights, setAdapters } from '../components'
import { findTaggedLoras, takeLoraTags } from '../components/adapters/lora/lora-tags'
import { absolutePath } from '../src/files/absolute-path'
import type { RepositoryOptions } from '../src/hub/repository-resolver'
import { requireLoraDir } from './lora-dir'
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

/**
 * Takes the LoRAs out of a prompt.
 *
 * @param dir - the folder that holds them
 * @throws UnfitOptionError for a name that no file has, or several; for a scale that is not a number; for names without a folder; for a folder that cannot be
 * read
 */
export async function takeLoras(
  words: string,
  dir: string | undefined,
): Promise<{ prompt: string; loras: LoraOption[] }> {
  await requireLoraDir(dir)
  try {
    const { prompt, loras } = takeLoraTags(words)
    const [first] = loras
    if (first === undefined) return { prompt, loras: [] }
    if (dir === undefined) {
      const problem = `it names the LoRA "${first.name}". Pass the folder of its file with --lora-dir.`
      throw new UnfitOptionError('The prompt', problem)
    }
    const names = loras.map(({ name }) => name)
    const files = await findTaggedLoras(dir, names)
    return { prompt, loras: loras.map(({ scale }, i) => ({ source: files[i] as string, scale })) } // One for each name.
  } catch (error) {
    throw error instanceof LoraTagError ? new UnfitOptionError('The prompt', error.problem) : error
  }
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
  return loras.map(({ source, scale }) => `${basename(absolutePath(source), '.safetensors')}:${scale}`).join(', ')
}
