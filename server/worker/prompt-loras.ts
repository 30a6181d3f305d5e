/** LoRAs that the prompts of jobs name, from a folder of the operator. */
import { stat } from 'node:fs/promises'
import { deleteAdapters, LoraError, LoraTagError, loadLoraWeights } from '../../components'
import { adaptersOf } from '../../components/adapters/adapted-pipeline'
import type { Adapters } from '../../components/adapters/adapters'
import { expandWeights } from '../../components/adapters/lora/block-weights'
import { findTaggedLoras, type TaggedLora, takeLoraTags } from '../../components/adapters/lora/lora-tags'
import { lorasOf, putLoras } from '../../components/adapters/lora/pipeline-loras'
import type { Job } from '../jobs/job'
import type { ServedPipeline } from './pipeline-source'

/** Files that a pipeline keeps for further jobs. */
const MOST_KEPT = 16

/** LoRAs that one prompt may name: each is a file to load, and to keep while the job is drawn. */
const MOST_NAMED = 16

/** A file that is loaded. */
interface KeptLora {
  readonly adapter: string
  /** Tells a file that was replaced since. */
  readonly version: string
}

/** A job without the tags in its prompt. */
export interface TakenTags {
  readonly inputs: Job['inputs']
  readonly loras: readonly TaggedLora[]
}

/**
 * Takes the tags out of the prompt of a job, if it is in AUTOMATIC1111's syntax.
 *
 * @throws LoraTagError for a scale that is not a number, and for more names than a prompt may have
 */
export function takeJobTags({ inputs }: Pick<Job, 'inputs'>): TakenTags {
  const { prompt: words, promptSyntax } = inputs
  if (promptSyntax !== 'a1111' || typeof words !== 'string') return { inputs, loras: [] }
  const { prompt, loras } = takeLoraTags(words)
  if (loras.length > MOST_NAMED) {
    throw new LoraTagError(`it names ${loras.length} LoRAs, and the limit is ${MOST_NAMED}. Leave some out.`)
  }
  return { inputs: { ...inputs, prompt }, loras }
}

/** Takes the tags out of the prompt of a job if something follows them. Fails as {@link takeJobTags} does. */
export function followedTags(job: Pick<Job, 'inputs'>, loras: PromptLoras | undefined): TakenTags {
  return loras ? takeJobTags(job) : { inputs: job.inputs, loras: [] }
}

/** Loads LoRAs when a job names them, and keeps them for the next. */
export class PromptLoras {
  /** By adapters, which a pipeline shares with those that are derived from it, and file; the one that was used last is the last. */
  private readonly kept = new WeakMap<Adapters, Map<string, KeptLora>>()
  private count = 0

  constructor(private readonly folder: string) {}

  /**
   * Lets LoRAs take part in the runs of a pipeline, beside those that do already.
   *
   * @returns a function that ends this, for the runs that begin afterwards
   * @throws LoraTagError for one that is not there, or does not fit the model; what reading the folder throws
   */
  async use(pipe: ServedPipeline, loras: readonly TaggedLora[]): Promise<() => void> {
    if (loras.length === 0) return () => undefined
    const names = loras.map(({ name }) => name)
    const files = await findTaggedLoras(this.folder, names)
    const { active, isEnabled } = lorasOf(pipe).parts
    const end = () => putLoras(pipe, lorasOf(pipe).with({ active, isEnabled }))
    try {
      const added = []
      for (const [i, { name, scale }] of loras.entries()) {
        const adapter = await this.load(pipe, name, files[i] as string) // One for each name.
        const expanded = expandWeights(scale, undefined, problem => new LoraTagError(problem))
        added.push({ name: adapter, weight: scale, expanded })
      }
      putLoras(pipe, lorasOf(pipe).with({ active: [...(isEnabled ? active : []), ...added], isEnabled: true }))
      this.forgetFirst(
        pipe,
        added.map(({ name }) => name),
      )
      return end
    } catch (error) {
      end()
      throw error
    }
  }

  /** Loads a file, unless it is there. @returns the name of the adapter */
  private async load(pipe: ServedPipeline, name: string, file: string): Promise<string> {
    const kept = this.keptOf(pipe)
    const { mtimeMs, size } = await stat(file)
    const version = `${mtimeMs} ${size}`
    const found = kept.get(file)
    // The owner of the pipeline may have unloaded it.
    const known = found && isLoaded(pipe, found) ? found : undefined
    kept.delete(file)
    if (known?.version === version) {
      kept.set(file, known)
      return known.adapter
    }
    if (known) deleteAdapters(pipe, known.adapter)
    try {
      const adapter = await loadLoraWeights(pipe, file, { adapterName: `prompt ${this.count++} ${name}` })
      kept.set(file, { adapter, version })
      return adapter
    } catch (error) {
      if (!(error instanceof LoraError)) throw error
      const problem = `the LoRA ${JSON.stringify(name)} cannot be used with this model (${error.problem}).`
      throw new LoraTagError(problem, error)
    }
  }

  private forgetFirst(pipe: ServedPipeline, used: readonly string[]): void {
    const kept = this.keptOf(pipe)
    for (const [file, lora] of kept) {
      if (kept.size <= MOST_KEPT) return
      if (used.includes(lora.adapter)) continue
      kept.delete(file)
      if (isLoaded(pipe, lora)) deleteAdapters(pipe, lora.adapter)
    }
  }

  private keptOf(pipe: ServedPipeline): Map<string, KeptLora> {
    const adapters = adaptersOf(pipe)
    const known = this.kept.get(adapters) ?? new Map<string, KeptLora>()
    this.kept.set(adapters, known)
    return known
  }
}

function isLoaded(pipe: ServedPipeline, { adapter }: KeptLora): boolean {
  return lorasOf(pipe).parts.adapters.has(adapter)
}
