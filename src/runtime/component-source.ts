/** Where a run finds the components and settings of its pipeline. */
import type { MissingComponentError } from '../errors/missing-component-error'

/** What a run asks its pipeline for. */
export interface ComponentSource {
  /**
   * Returns the component or setting of a name; a promise if its factory is still at work.
   *
   * @param path of the block that asks, for the error
   * @throws MissingComponentError; what the factory throws
   */
  resolve(name: string, path: readonly string[]): unknown
  /** Whether a component is not there, and some block works without it. */
  isLeftOut(name: string): boolean
  /** Returns the error for a component that nobody supplied; `undefined` if it exists. */
  whyMissing(name: string, path: readonly string[]): MissingComponentError | undefined
  /** Whether the component of that name is made for each run alone, which then disposes it. */
  isMadeForEachRun(name: string): boolean
}
