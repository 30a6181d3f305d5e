/** What it takes to check the cases of one area. */
import type { GoldenCase } from '../golden-case'

/** Checks one case, and throws at the first difference: GoldenMismatch, UnsupportedGoldenError, or what our code throws. */
export type CheckCase = (golden: GoldenCase) => Promise<void>
