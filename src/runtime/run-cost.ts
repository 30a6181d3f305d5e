/** What a call costs, as blocks estimate it before the first of them runs. */

/** Width and height of images in pixels, or of latents. */
interface Size {
  readonly width: number
  readonly height: number
}

/** What blocks know of a call before the first of them runs. */
export interface RunPlan {
  /** How many images the call makes. */
  readonly images?: number | undefined
  /** Width and height of each image in pixels. */
  readonly size?: Size | undefined
  /** Width and height of the latents; no whole numbers for images that do not fit. */
  readonly latents?: Size | undefined
  /** How many tokens each encoded text has. */
  readonly tokens?: number | undefined
  /** How wide further inputs of models are, by their names: `{ timeIds: 6 }`. */
  readonly widths?: Readonly<Record<string, number>> | undefined
  /** How many denoising steps the call takes. */
  readonly steps?: number | undefined
}

/** An estimate of one block. What it does not know is left out. */
export interface RunCost extends RunPlan {
  /** Bytes that the block needs at once beside what the process holds. Too low rather than too high: a call that needs more than there is is refused. */
  readonly memory?: number | undefined
}

/** An estimate with the path of the block that made it. */
export interface LocatedCost {
  readonly path: readonly string[]
  readonly cost: RunCost
}

/** A call of a component that a block will make. */
export interface UpcomingCall {
  /** Bytes that it needs at once beside what the process holds, at least. */
  readonly memory?: number | undefined
  /** Lets the component get ready in the background, until `signal` fires. Not called for a call that is only estimated. */
  prepare?(signal: AbortSignal | undefined): void
}

/** Puts together what several blocks know. Of two that know the same thing, the first counts. */
export function planOf(costs: readonly LocatedCost[]): RunPlan {
  const plan: Record<string, unknown> = {}
  for (const { cost } of costs) {
    const { memory: _, widths, ...facts } = cost
    if (widths !== undefined) plan['widths'] = { ...widths, ...(plan['widths'] as RunPlan['widths']) }
    for (const [name, value] of Object.entries(facts)) plan[name] ??= value
  }
  return plan
}
