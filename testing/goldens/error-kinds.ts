/** The reference's error situations and our classes for them: errors are compared by kind, never by text. */
import {
  BlockExecutionError,
  CompositionError,
  InvalidOutputError,
  MissingInputError,
  MissingOutputError,
  NoWorkflowsError,
  PipelineValidationError,
  UnknownValueError,
  UnknownWorkflowError,
} from '../../src'
import { GoldenMismatch } from './compare'

/** An error as a case records it. */
export interface RecordedError {
  type: string
  message: string
}

type Matcher = (error: unknown, match: RegExpExecArray) => boolean

/** What the reference says, and whether an error of ours says the same. */
const table: readonly (readonly [RegExp, Matcher])[] = [
  [
    /^Required input '(.+)' is missing/,
    (error, [, name]) => error instanceof MissingInputError && wireEquals(error.input, name),
  ],
  [
    /^Intermediate output '(.+)' is missing/,
    (error, [, name]) => error instanceof MissingOutputError && wireEquals(error.output, name),
  ],
  [/is not a valid output type/, error => error instanceof InvalidOutputError],
  [/has no attribute/, error => error instanceof UnknownValueError],
  [/number of block_names and block_classes/, error => error instanceof CompositionError],
  [/number of block_classes, block_names, and block_trigger_inputs/, error => error instanceof CompositionError],
  [/default_block_name .* must be one of/, error => error instanceof CompositionError],
  [/^Workflow .* not found/, error => error instanceof UnknownWorkflowError],
  [/not implemented|_workflow_map is not set/, error => error instanceof NoWorkflowsError],
]

/** Situations that the reference refuses and that work here: a loop may hold any block. */
const allowed: readonly RegExp[] = [/sub_blocks must be leaf blocks/]

function wireEquals(ours: string, wire: string | undefined): boolean {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase()
  return plain(ours) === plain(wire ?? '')
}

/** Whether the reference's refusal is one that we do without. */
export function isAllowedHere(recorded: RecordedError): boolean {
  return allowed.some(pattern => pattern.test(recorded.message))
}

/** Checks that an error is of the recorded kind.
 * @throws GoldenMismatch */
export function expectSameKind(where: string, error: unknown, recorded: RecordedError): void {
  const candidates = error instanceof PipelineValidationError ? error.issues : [error]
  for (const [pattern, matches] of table) {
    const match = pattern.exec(recorded.message)
    if (match === null) continue
    if (candidates.some(candidate => matches(candidate, match))) return
    throw new GoldenMismatch(where, `${recorded.type} "${recorded.message}"`, String(error))
  }
  // Any other text is one that a block of the case raised by itself.
  const cause = error instanceof BlockExecutionError ? (error.cause as Error) : undefined
  if (cause?.message !== recorded.message)
    throw new GoldenMismatch(where, `${recorded.type} "${recorded.message}"`, String(error))
}
