/** Checks a call on the path that its inputs choose, before the first block runs. */
import { InputTypeError } from '../errors/input-type-error'
import { MissingInputError } from '../errors/missing-input-error'
import type { ModularError } from '../errors/modular-error'
import type { ComponentSpec } from '../params/component-spec'
import type { InputParam } from '../params/input-param'
import { explainMismatch } from '../params/schema'
import { isPromise, type MaybePromise } from '../runtime/maybe-promise'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from './block-node'
import { eachBlock } from './blocks'
import { ComponentClaims } from './component-claims'
import { PathWalk, startingKnowledge, type Visit } from './path'

/** What a call brings along. */
export interface CallToCheck {
  /** Inputs of the outermost block. */
  inputs: readonly InputParam[]
  state: PipelineState
  /** Names that the caller gave. */
  given: ReadonlySet<string>
  /** Names that the caller gave and that no block takes. */
  ignored: readonly string[]
  /** Says why a component cannot be had: the error for it, or `undefined` if it can. */
  checkComponent: (spec: ComponentSpec, path: readonly string[]) => MaybePromise<ModularError | undefined>
  /** Path of the block that the run continues with; that of a run which begins at its start is empty. */
  startAt?: readonly string[] | undefined
  /** Called for each leaf and loop that certainly runs. */
  certain: (block: BlockNode, path: readonly string[]) => void
  /** Called for each leaf and loop that may or may not run. */
  postpone: (postponed: PostponedBlock) => void
}

/** A leaf or loop of which a call cannot tell whether it runs. */
export interface PostponedBlock {
  readonly block: BlockNode
  readonly path: readonly string[]
  /** Its components, which are checked when it runs. */
  readonly components: readonly ComponentSpec[]
  /** What is wrong with the values given for it. */
  readonly problems: readonly ModularError[]
}

/** Every problem that would stop this call later, in the order of the blocks; nothing that works is refused. */
export async function checkCall(blocks: BlockNode, call: CallToCheck): Promise<ModularError[]> {
  const reports: Report[] = []
  const claims = new ComponentClaims()

  const checkInputs = (visit: Visit) => {
    const { inputs, path, inLoop, names, known } = visit
    for (const input of inputs) {
      const { name, required, typeHint } = input
      if (name === null) continue
      const fact = known(name)
      // A loop that turns not once asks nothing of its parts; what it needs itself was looked at before them.
      if (required && !inLoop && (fact === undefined || fact.sources.length === 0)) {
        const writers = writersOf(blocks, name, path)
        const details = { path, input: name, type: typeHint, available: names(), ignored: call.ignored, writers }
        // A block before that takes the name may fill it in.
        reports.push({ key: `input ${name}`, issue: new MissingInputError(details), isDoubtful: fact !== undefined })
      }
      const issue = wrongValue(input, visit, call.state)
      if (issue) reports.push({ key: `type ${name}`, issue })
    }
  }

  const checkComponents = ({ components, path }: Visit) => {
    for (const spec of components) {
      reports.push({ key: `classes ${spec.name}`, issue: claims.add(spec, path) })
      reports.push({ key: `component ${spec.name}`, issue: call.checkComponent(spec, path) })
    }
  }

  const knowledge = startingKnowledge(presentNames(call.state), call.given, call.inputs)
  const walk = new PathWalk(
    knowledge,
    name => call.state.get(name),
    visit => {
      if (visit.certain) {
        checkInputs(visit)
        checkComponents(visit)
        call.certain(visit.block, visit.path)
      } else {
        const problems = visit.inputs.flatMap(input => wrongValue(input, visit, call.state) ?? [])
        const { block, path, components } = visit
        call.postpone({ block, path, components, problems })
      }
    },
    call.startAt,
  )
  walk.follow(blocks)

  return sumUp(reports)
}

/** What is wrong with the value that a block would get from the caller, if it would get it. */
function wrongValue(
  { name, typeHint, schema }: InputParam,
  { path, known }: Visit,
  state: PipelineState,
): InputTypeError | undefined {
  if (name === null || !schema) return undefined
  const sources = known(name)?.sources ?? []
  if (sources.length !== 1 || sources[0]?.kind !== 'given') return undefined
  const value = state.get(name)
  const parsed = schema.safeParse(value)
  if (parsed.success) return undefined
  const expected = `it must be ${typeHint ?? 'of the declared type'} (${explainMismatch(parsed.error)})`
  return new InputTypeError({ path, input: name, expected, value })
}

/** What may be wrong. */
interface Report {
  /** The same for reports of one problem, of which the first stands. */
  readonly key: string
  readonly issue: MaybePromise<ModularError | undefined>
  /** Whether the run might go well all the same: then it is worth a word only where another problem stops it. */
  readonly isDoubtful?: boolean
}

async function sumUp(reports: readonly Report[]): Promise<ModularError[]> {
  const issues = new Map<string, ModularError>()
  let isRefused = false
  for (const { key, issue, isDoubtful = false } of reports) {
    const problem = isPromise(issue) ? await issue : issue
    if (problem === undefined) continue
    if (!issues.has(key)) issues.set(key, problem)
    isRefused ||= !isDoubtful
  }
  return isRefused ? [...issues.values()] : []
}

function presentNames(state: PipelineState): string[] {
  return [...state.values.keys()].filter(name => state.has(name))
}

/** Paths of the blocks of a tree that write a name, but for the one that asks. */
function writersOf(blocks: BlockNode, name: string, asking: readonly string[]): string[] {
  const own = asking.join(' > ')
  const writers: string[] = []
  for (const { block, path } of eachBlock(blocks)) {
    const text = path.join(' > ')
    if (block.kind === 'leaf' && text !== own && block.intermediateOutputNames.includes(name)) writers.push(text)
  }
  return writers
}
