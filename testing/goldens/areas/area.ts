/** What it takes to check the cases of one area. */
import type { GoldenCase, Json } from '../golden-case'

/** The checks of one area. */
export interface Area {
  /** Names of the parts that are counted on their own, for cases that hold several runs. */
  readonly partsOf?: (json: Json) => readonly string[]
  /** Checks a case, or a part of it, and throws at the first difference: GoldenMismatch, UnsupportedGoldenError, or what our code throws. */
  readonly check: (golden: GoldenCase, part: string) => Promise<void>
}
