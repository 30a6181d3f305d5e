/** A block needs an input that nobody supplies. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList, pathText } from './text'

/** What {@link MissingInputError} is made of. */
export interface MissingInputDetails {
  path: readonly string[]
  /** Name of the missing input. */
  input: string
  /** Type of the input as its declaration states it, if it does. */
  type?: string | undefined
  /** Names that have a value at this point. */
  available: readonly string[]
  /** Names that the caller passed and that nobody takes: perhaps a slip of the finger. */
  ignored?: readonly string[]
  /** Paths of the blocks that would write a value of that name if they ran before this one. */
  writers?: readonly string[]
}

/** A required input has no value: not passed, no default, and written by no block that runs before. */
export class MissingInputError extends ModularError {
  override readonly code = 'MISSING_INPUT'
  /** Name of the missing input. */
  readonly input: string
  /** Names that had a value at this point. */
  readonly available: readonly string[]
  /** The available name that is closest to the missing one. */
  readonly nearest: string | undefined

  constructor({ path, input, type, available, ignored = [], writers = [] }: MissingInputDetails) {
    const nearest = nearestName(
      input,
      [...ignored, ...available].filter(name => name !== input),
    )
    const lines = [
      `${pathText(path)}: input "${input}"${type ? ` (${type})` : ''} is required and has no value.`,
      `  available here: ${nameList(available)}`,
    ]
    if (nearest)
      lines.push(
        `  closest name:   "${nearest}"${ignored.includes(nearest) ? ', which was passed but is not an input of any block' : ''}`,
      )
    if (writers.length > 0) lines.push(`  written by:     ${writers.join(', ')} (which does not run before it here)`)
    lines.push(
      `  to fix: pass ${input} to the pipeline, give the input a default, or run a block with @Output() ${input} first`,
    )
    // A value that another block writes is hardly optional.
    if (writers.length === 0) lines.push('  if the block works without it: declare it with @Input({ required: false })')
    super(lines.join('\n'), { path })
    this.input = input
    this.available = available
    this.nearest = nearest
  }
}
