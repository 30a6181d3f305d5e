/** Which jobs can be computed together. */
import { LoraTagError } from '../../components'
import type { Job } from '../jobs/job'
import type { JsonValue } from '../jobs/json'
import { takeJobTags } from './prompt-loras'

/** Inputs of which each job of a batch has its own. */
export const OWN_TEXTS = ['prompt', 'prompt2', 'negativePrompt', 'negativePrompt2'] as const

/** Whether each job of a batch has an input of this name for itself. */
export function isOwnText(name: string): boolean {
  return OWN_TEXTS.some(each => each === name)
}

/** Characters of a text that is a setting: no picture is as short. */
const LONGEST_SETTING = 32

/**
 * Jobs with the same key differ in their texts and seeds alone: one call of their pipeline computes all of them. `undefined` for a job that is computed
 * alone: one with pictures, with other outputs than `images` or tensors, whose values are kept, or that was begun before and may continue.
 */
export function batchKey(job: Job): string | undefined {
  const { pipeline, workflow, inputs, output, components, keepValues, priority, attempts, losses, status } = job
  const hasBegun = losses > 0 || attempts > (status === 'queued' ? 0 : 1)
  if (hasBegun || keepValues === true || output.length !== 1 || output[0] !== 'images') return undefined
  const names = Object.keys(inputs)
  const [texts, settings] = [names.filter(isOwnText), names.filter(name => !isOwnText(name))]
  if (typeof inputs['prompt'] !== 'string' || texts.some(name => typeof inputs[name] !== 'string')) return undefined
  if ((inputs['outputType'] ?? 'image') !== 'image') return undefined
  if ((inputs['numImagesPerPrompt'] ?? 1) !== 1 || !settings.every(name => isNoPicture(inputs[name]))) return undefined
  const shared = settings.sort().map(name => [name, inputs[name]])
  return JSON.stringify([pipeline, workflow, components, priority, texts.sort(), shared, lorasOf(job)])
}

/** What the prompt names; `null` for a prompt that is refused, whose job fails by itself. */
function lorasOf(job: Job): unknown {
  try {
    return takeJobTags(job).loras
  } catch (error) {
    if (error instanceof LoraTagError) return null
    throw error
  }
}

/** Whether a value can be no picture. */
function isNoPicture(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value.length <= LONGEST_SETTING
  return typeof value !== 'object' || value === null || Object.values(value).every(isNoPicture)
}
