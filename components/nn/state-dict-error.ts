/** A checkpoint does not fit a model. */
import { ModularError } from '../../src/errors/modular-error'
import { shownLines } from '../../src/errors/text'

/** A tensor that has another shape than the model's. */
export interface MisshapenKey {
  key: string
  expected: readonly number[]
  got: readonly number[]
}

/** What {@link StateDictError} is made of. */
export interface StateDictProblems {
  /** Keys that the model needs and the checkpoint lacks. */
  missing: readonly string[]
  /** Keys of the checkpoint that the model does not use. They alone are not an error. */
  unexpected: readonly string[]
  misshapen: readonly MisshapenKey[]
  /** Keys of the checkpoint that stand for a weight which another key stands for as well. */
  duplicates: readonly string[]
}

/** The keys or shapes of a checkpoint differ from the model's; all differences are in its fields, the message shows ten of each kind. Nothing was loaded. */
export class StateDictError extends ModularError implements StateDictProblems {
  override readonly code = 'STATE_DICT'
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  /** Keys whose tensors have another shape than the model. */
  readonly misshapen: readonly MisshapenKey[]
  readonly duplicates: readonly string[]

  constructor(model: string, checkpoint: string, problems: StateDictProblems) {
    const { missing, unexpected, misshapen, duplicates } = problems
    const shapes = misshapen.map(
      ({ key, expected, got }) => `${key}: expected [${expected.join(', ')}], got [${got.join(', ')}]`,
    )
    super(
      `${checkpoint} does not match ${model}. Check that the config.json beside it belongs to these weights.` +
        listed('missing', missing) +
        listed('unexpected', unexpected) +
        listed('with a different shape', shapes) +
        listed('duplicates under another name', duplicates),
    )
    this.missing = missing
    this.unexpected = unexpected
    this.misshapen = misshapen
    this.duplicates = duplicates
  }
}

function listed(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title} (${lines.length}):\n  ${shownLines(lines).join('\n  ')}`
}
