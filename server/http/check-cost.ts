/** Compares what the inputs of a job ask for with the limits of the server, before the job waits. The pipeline's own limits are checked when it runs. */
import type { JsonSchema } from '../../src'
import { type FieldProblem, pointerTo } from './problem'
import type { CheckedServerLimits } from './server-limits'

type Inputs = Readonly<Record<string, unknown>>

/** What exceeds a limit, by the names of inputs that all families use. */
export function costProblems(inputs: Inputs, schema: JsonSchema, limits: CheckedServerLimits): FieldProblem[] {
  const value = (name: string): unknown => inputs[name] ?? schema.properties?.[name]?.default
  const number = (name: string): number | undefined => {
    const found = value(name)
    return typeof found === 'number' ? found : undefined
  }
  const problems: FieldProblem[] = []
  const compare = (name: string, amount: number | undefined, limit: number, what: string) => {
    if (amount === undefined || amount <= limit) return
    problems.push({
      pointer: pointerTo(['inputs', name]),
      detail: `${amount} ${what} are more than the limit of ${limit}.`,
    })
  }
  const [height, width] = [number('height'), number('width')]
  // One side alone: the other is the model's own, and at least one pixel.
  const pixels = height === undefined && width === undefined ? undefined : (height ?? 1) * (width ?? 1)
  compare(height === undefined ? 'width' : 'height', pixels, limits.maxPixels, 'pixels')
  compare('numInferenceSteps', number('numInferenceSteps'), limits.maxSteps, 'steps')
  for (const name of ['timesteps', 'sigmas']) compare(name, countOf(value(name)), limits.maxSteps, 'steps')
  const prompts = countOf(value('prompt')) ?? 1
  const perPrompt = number('numImagesPerPrompt') ?? 1
  compare(perPrompt > 1 ? 'numImagesPerPrompt' : 'prompt', prompts * perPrompt, limits.maxImages, 'pictures')
  return problems
}

function countOf(list: unknown): number | undefined {
  return Array.isArray(list) ? list.length : undefined
}
