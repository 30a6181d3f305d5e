/** What a caller gave and what a call does not use. */
import { nearestName } from '../errors/nearest-name'
import { pathText } from '../errors/text'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from '../wiring/block-node'
import { eachBlock, isComposite, isConditional } from '../wiring/blocks'
import type { CallOptions } from './pipeline-call'

const CALL_OPTIONS: Readonly<Record<keyof CallOptions, true>> = {
  output: true,
  state: true,
  signal: true,
  onEvent: true,
  seed: true,
  checkNumerics: true,
  keepStateOnAbort: true,
  checkpoints: true,
  resume: true,
}

/** Whether a name is that of an option of a call. */
export function isCallOption(name: string): boolean {
  return Object.hasOwn(CALL_OPTIONS, name)
}

/** One sentence for each option of a call that does not exist. */
export function unknownOptionMessages(options: CallOptions): string[] {
  const known = Object.keys(CALL_OPTIONS)
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || isCallOption(name)) return []
    const nearest = nearestName(name, known)
    const hint = nearest === undefined ? ' Pass inputs in the first argument.' : ` Did you mean "${nearest}"?`
    return [`"${name}" is not an option of a call and was ignored.${hint}`]
  })
}

/** What {@link unusedInputMessages} goes by. */
export interface UsedInputs {
  /** Names that the caller gave, and that some block of the tree takes. */
  readonly given: ReadonlySet<string>
  readonly state: PipelineState
  /** Leaves and loops that run, or may run. */
  readonly running: readonly BlockNode[]
}

/** One sentence for each input that only blocks take which do not run. What chooses a branch counts as used. */
export function unusedInputMessages(tree: BlockNode, { given, state, running }: UsedInputs): string[] {
  const used = new Set<string>()
  for (const { name, kwargsType } of running.flatMap(({ inputs }) => inputs)) {
    if (name !== null) used.add(name)
    else for (const member of state.kwargsMapping.get(kwargsType as string) ?? []) used.add(member) // A group has no name.
  }
  const unused = [...given].filter(name => !used.has(name))
  if (unused.length === 0) return []
  const placed = [...eachBlock(tree)]
  const triggers = new Set(placed.flatMap(({ block }) => (isConditional(block) ? block.triggerNames : [])))
  return unused.flatMap(name => {
    if (triggers.has(name)) return []
    const taker = placed.find(({ block }) => !isComposite(block) && block.inputNames.includes(name))
    const reason = taker
      ? `it is for ${pathText(taker.path)}, which does not run with these inputs`
      : 'no block takes it'
    return [`The input "${name}" was ignored: ${reason}. Leave it out.`]
  })
}
