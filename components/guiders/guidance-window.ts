/** When a guider takes part. */
import type { z } from 'zod'

/** The part of a run in which a guider takes part, as fractions of its steps. */
export interface GuidanceWindow {
  readonly start: number
  readonly stop: number
}

/** One window, or one for each of several parts of the guidance. */
export interface GuidanceWindows {
  readonly start: number | readonly number[]
  readonly stop: number | readonly number[]
}

/** The window from the first start to the last stop. */
export function spanOf({ start, stop }: GuidanceWindows): GuidanceWindow {
  return { start: Math.min(...[start].flat()), stop: Math.max(...[stop].flat()) }
}

/** Whether a step is in the window. Without a step, before the run, it does. */
export function isInWindow({ start, stop }: GuidanceWindow, step?: number, numInferenceSteps?: number): boolean {
  if (step === undefined || numInferenceSteps === undefined) return true
  return Math.trunc(start * numInferenceSteps) <= step && step < Math.trunc(stop * numInferenceSteps)
}

/** Whether a step is in the window and is not its first: the rule of the guiders that perturb the model. */
export function isBehindStart({ start, stop }: GuidanceWindow, step?: number, numInferenceSteps?: number): boolean {
  if (step === undefined || numInferenceSteps === undefined) return true
  return isInWindow({ start, stop }, step, numInferenceSteps) && step > Math.trunc(start * numInferenceSteps)
}

/** Whether a scale changes nothing: 1, or 0 in the original formulation. Counterpart: math.isclose */
export function isOffScale(scale: number, useOriginalFormulation: boolean): boolean {
  if (useOriginalFormulation) return scale === 0
  return Math.abs(scale - 1) <= 1e-9 * Math.max(Math.abs(scale), 1)
}

/** Reports a window that ends before it starts. */
export function checkWindow({ start, stop }: GuidanceWindow, problems: z.core.$RefinementCtx): void {
  if (stop >= start) return
  problems.addIssue({
    code: 'custom',
    path: ['stop'],
    message: `must be at least start, which is ${start}, but is ${stop}`,
  })
}
