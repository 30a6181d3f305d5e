/** The names that a block reaches through `this` inside `run()` and loop steps. */

/** The names that a view offers. */
export interface ViewNames {
  /** Names of the values: inputs, groups and outputs. */
  readonly parameters: Iterable<string>
  /** Field → token of components and settings. */
  readonly components: Iterable<readonly [string, string]>
}
