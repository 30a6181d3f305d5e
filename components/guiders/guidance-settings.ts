/** Settings that all guiders share. */
import { z } from 'zod'
import type { GuidanceWindows } from './guidance-window'

/** Settings of every guider, to spread into the schema of another: `z.object({ ...guidanceSettings })`. */
export const guidanceSettings = {
  /** Fraction of the steps before which the guider does not take part. */
  start: z.number().min(0).lt(1).default(0),
  /** Fraction of the steps from which on the guider does not take part. */
  stop: z.number().min(0).max(1).default(1),
  /** Whether the guider takes part at all. */
  enabled: z.boolean().default(true),
}

/** What every guider's config has. */
export type GuidanceConfig = GuidanceWindows & { readonly enabled: boolean }
