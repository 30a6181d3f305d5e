/** Packages that cannot be asked for. */
import { ModularError } from './modular-error'
import { kindOf } from './text'

/** The requirements of blocks are not a map of the names of packages to ranges of versions. */
export class InvalidRequirementsError extends ModularError {
  override readonly code = 'INVALID_REQUIREMENTS'

  constructor(
    /** The class, or the file, that states them. */
    readonly source: string,
    /** The package that is wrong; `undefined` where all of it is. */
    readonly packageName: string | undefined,
    value: unknown,
  ) {
    const what = packageName === undefined ? 'the requirements' : `the requirement of ${JSON.stringify(packageName)}`
    super(
      `${source}: ${what} should be ${packageName === undefined ? 'a map of packages to versions' : 'a range of versions'}, like { "sharp": ">=0.33 <1" }, ` +
        `but ${packageName === undefined ? 'are' : 'is'} ${kindOf(value)}.`,
    )
  }
}
