/** A component's config cannot be used. */
import { shownLines } from '../../src/errors/text'
import { InvalidConfigError } from './invalid-config-error'

/** One thing that is wrong in a config. */
export interface ConfigProblem {
  /** The key as the config spells it, with the index in lists, e.g. `down_block_types.1`. */
  key: string
  /** What is wrong with it, e.g. `"tanh" is not supported; supported: "silu", "gelu"`. */
  problem: string
}

/** Keys of a config are missing, have wrong values, or ask for something that the component does not support. */
export class ConfigError extends InvalidConfigError {
  constructor(
    /** Name of the component's class. */
    readonly component: string,
    /** All that is wrong. */
    readonly problems: readonly ConfigProblem[],
    /** The file that holds the config; `undefined` for one given in code. */
    readonly file: string | undefined,
  ) {
    const lines = shownLines(problems.map(({ key, problem }) => `${key}: ${problem}`))
    super(file ?? 'config', `${component} cannot be made from it:\n  ${lines.join('\n  ')}`)
  }
}
