/** The models that a server or a worker offers, by name. */
import { basename } from 'node:path'
import type { QuantizationChoice } from '../components'
import type { ModelSource } from '../server'
import { isPipelineName } from '../server/queue/new-job'
import { bundledModel } from '../src'
import { absolutePath } from '../src/files/absolute-path'
import { isRepositoryId } from '../src/hub/repository-resolver'
import { UnfitOptionError } from './unfit-option-error'

/** Options that name models. */
export interface ModelSourceOptions {
  /** Folders or repositories, each with a name before it if it needs one: `apples=./my-model`. */
  model?: readonly string[]
  /** Takes repositories from the cache, and asks no server. */
  offline?: boolean
  /** How the denoiser of each model is quantized. */
  quantization?: QuantizationChoice
}

/** Reads `--model`: of the bundled model if none exists. @throws UnfitOptionError for a name that is malformed, or given twice */
export function modelSources(options: ModelSourceOptions): Record<string, ModelSource> {
  const { model: models = [], offline, quantization } = options
  if (models.length === 0) return { emoji: { model: bundledModel('emoji'), quantization } }
  const sources: Record<string, ModelSource> = {}
  for (const text of models) {
    const [, given, model = ''] = /^(?:([^=/\\]+)=)?(.*)$/s.exec(text) ?? []
    const name = given ?? nameOf(model)
    if (!isPipelineName(name)) {
      const problem = `${JSON.stringify(name)} cannot name a pipeline: use letters, digits, ".", "_" and "-", as in --model apples=${model}`
      throw new UnfitOptionError('--model', problem)
    }
    if (Object.hasOwn(sources, name)) throw new UnfitOptionError('--model', `two models are named "${name}"`)
    sources[name] = { model, offline, quantization }
  }
  return sources
}

function nameOf(model: string): string {
  const last = isRepositoryId(model) ? model.split('/').at(-1) : basename(absolutePath(model))
  return (last ?? '').replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64)
}
