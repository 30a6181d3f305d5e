/** Checks a call on the path that its inputs choose, before the first block runs. */
import type { ModularPipelineBlocks } from '../composition/modular-pipeline-blocks'
import { ComponentTypeError } from '../errors/component-type-error'
import { InputTypeError } from '../errors/input-type-error'
import { MissingInputError } from '../errors/missing-input-error'
import type { ModularError } from '../errors/modular-error'
import type { ComponentSpec } from '../params/component-spec'
import type { InputParam } from '../params/input-param'
import { explainMismatch } from '../params/schema'
import type { PipelineState } from '../state/pipeline-state'
import { eachBlock } from './blocks'
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
  checkComponent: (spec: ComponentSpec, path: readonly string[]) => ModularError | undefined
}

/** Every problem that would stop this call later; nothing that works is refused. */
export function checkCall(blocks: ModularPipelineBlocks, call: CallToCheck): ModularError[] {
  const issues: ModularError[] = []
  const seen = new Set<string>()
  const asked = new Map<string, { spec: ComponentSpec; path: readonly string[] }>()
  const report = (key: string, issue: ModularError) => {
    if (!seen.has(key)) issues.push(issue)
    seen.add(key)
  }

  const checkInputs = ({ block, path, names, known }: Visit) => {
    for (const { name, required, typeHint, schema } of block.inputs) {
      if (name === null) continue
      const fact = known(name)
      if (required && fact === undefined) {
        const available = names()
        const writers = writersOf(blocks, name, path)
        report(
          `input ${name}`,
          new MissingInputError({ path, input: name, type: typeHint, available, ignored: call.ignored, writers }),
        )
      }
      const isGiven = fact?.sources.length === 1 && fact.sources[0]?.kind === 'given'
      if (!schema || !isGiven) continue
      const value = call.state.get(name)
      const parsed = schema.safeParse(value)
      if (parsed.success) continue
      const expected = `it must be ${typeHint ?? 'of the declared type'} (${explainMismatch(parsed.error)})`
      report(`type ${name}`, new InputTypeError({ path, input: name, expected, value }))
    }
  }

  const checkComponents = ({ block, path }: Visit) => {
    for (const spec of block.expectedComponents) {
      const other = asked.get(spec.name)
      if (other && !agree(other.spec, spec)) {
        const [first, second] = [other.spec.typeHint?.name, spec.typeHint?.name]
        const claim = `${first} for ${other.path.join(' > ')} and ${second} here`
        report(`classes ${spec.name}`, new ComponentTypeError(path, spec.name, 'of one class', `asked for as ${claim}`))
      }
      if (!other) asked.set(spec.name, { spec, path })
      const issue = call.checkComponent(spec, path)
      if (issue) report(`component ${spec.name}`, issue)
    }
  }

  const knowledge = startingKnowledge(presentNames(call.state), call.given, call.inputs)
  const walk = new PathWalk(
    knowledge,
    name => call.state.get(name),
    visit => {
      if (!visit.certain) return
      checkInputs(visit)
      checkComponents(visit)
    },
  )
  walk.follow(blocks)
  return issues
}

/** Two specs can be met by one object if one class extends the other. */
function agree(a: ComponentSpec, b: ComponentSpec): boolean {
  const [first, second] = [a.typeHint, b.typeHint]
  if (first === undefined || second === undefined || first === second) return true
  const extendsClass = (type: { prototype: unknown }, base: { prototype: unknown }) =>
    Object.prototype.isPrototypeOf.call(base.prototype as object, type.prototype as object)
  return extendsClass(first, second) || extendsClass(second, first)
}

function presentNames(state: PipelineState): string[] {
  return [...state.values.keys()].filter(name => state.has(name))
}

/** Paths of the blocks of a tree that write a name, but for the one that asks. */
function writersOf(blocks: ModularPipelineBlocks, name: string, asking: readonly string[]): string[] {
  const own = asking.join(' > ')
  const writers: string[] = []
  for (const { block, path } of eachBlock(blocks)) {
    const text = path.join(' > ')
    if (block.subBlocks.size === 0 && text !== own && block.intermediateOutputNames.includes(name)) writers.push(text)
  }
  return writers
}
