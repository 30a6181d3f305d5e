/** A block assigns to a component or a setting. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** Components and settings belong to the pipeline; a block reads them. */
export class ReadOnlyComponentError extends ModularError {
  override readonly code = 'READ_ONLY_COMPONENT'

  constructor(
    path: readonly string[],
    /** The field that was assigned to. */
    readonly component: string,
  ) {
    super(
      `${pathText(path)}: "${component}" is a component or a setting, which a block reads and cannot assign. ` +
        `To use another component for the rest of the run, call this.context.useComponent('${component}', …).`,
      { path },
    )
  }
}
