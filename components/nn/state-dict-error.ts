/** A checkpoint does not fit a model. */
import { ModularError } from '../../src/errors/modular-error'

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
  /** Keys of the checkpoint that the model has no use for. */
  unexpected: readonly string[]
  misshapen: readonly MisshapenKey[]
}

/** The keys or shapes of a checkpoint differ from the model's; all differences are listed, and nothing was loaded. */
export class StateDictError extends ModularError implements StateDictProblems {
  override readonly code = 'STATE_DICT'
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  readonly misshapen: readonly MisshapenKey[]

  constructor(model: string, checkpoint: string, { missing, unexpected, misshapen }: StateDictProblems) {
    const shapes = misshapen.map(
      ({ key, expected, got }) => `${key}: expected [${expected.join(', ')}], got [${got.join(', ')}]`,
    )
    super(
      `${checkpoint} does not fit ${model}: is the config.json beside it that of these weights?` +
        listed('missing', missing) +
        listed('unexpected', unexpected) +
        listed('of another shape', shapes),
    )
    this.missing = missing
    this.unexpected = unexpected
    this.misshapen = misshapen
  }
}

function listed(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title} (${lines.length}):\n  ${lines.join('\n  ')}`
}
