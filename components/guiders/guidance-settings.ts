/** Settings that all guiders share. */
import { z } from 'zod'
import type { GuidanceWindows } from './guidance-window'

/** Settings of every guider. Check with {@link checkWindow}. */
export const guidanceSettings = {
  /** Fraction of the steps before which the guider does not take part. */
  start: z.number().min(0).lt(1).default(0),
  /** Fraction of the steps from which on the guider does not take part. */
  stop: z.number().min(0).max(1).default(1),
  enabled: z.boolean().default(true),
}

/** What every guider's config has. */
export type GuidanceConfig = GuidanceWindows & { readonly enabled: boolean }
