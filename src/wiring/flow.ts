/** What flows from which block to which: the wiring of a tree as a graph, for pictures. */
import { classNameOf } from '../format/class-name'
import type { InputParam } from '../params/input-param'
import type { BlockNode } from './block-node'
import { alwaysWrites, eachBlock, isComposite, isConditional, isLoop, isWithinPath, ownInputs } from './blocks'
import { branchConditions } from './branch-conditions'
import { type Fact, PathWalk, type Source, startingKnowledge, type Visit } from './path'

/** Where a block finds an input: made by a block before, given by the caller, a default, nowhere though it is required, or nowhere. */
export type Supply = 'block' | 'caller' | 'default' | 'missing' | 'none'

/** One input of one block. */
export interface FlowInput {
  readonly path: readonly string[]
  readonly input: InputParam
  readonly supply: Supply
}

/** One value on its way. */
export interface FlowEdge {
  /** The block that writes it; `null`: it comes from the caller. */
  readonly from: readonly string[] | null
  /** The block that takes it; `null`: it is a result of the whole. */
  readonly to: readonly string[] | null
  readonly name: string
  /** The type in words; `any` where nobody states one. */
  readonly type: string
  /** Whether a loop carries it from one iteration to the next. */
  readonly carried: boolean
  /** Whether the caller must give it, and is not known to. */
  readonly missing: boolean
}

/** The wiring of a tree. */
export interface Flow {
  readonly inputs: readonly FlowInput[]
  readonly edges: readonly FlowEdge[]
  /** Paths of the leaves and loops that may run, as texts. */
  readonly running: ReadonlySet<string>
}

/** A place in the tree as one text. */
export function pathKey(path: readonly string[]): string {
  return path.join(' > ')
}

/**
 * Follows every block that may run, and says what flows where. Of a value that is written again, only the latest way counts.
 *
 * @param given names or values that a call would be made with; left out, nothing is known of the call, and every branch may run
 */
export function traceFlow(blocks: BlockNode, given?: Readonly<Record<string, unknown>> | readonly string[]): Flow {
  const places = new Places(blocks)
  const values = given === undefined ? undefined : givenValues(given)
  const inputs: FlowInput[] = []
  const edges: FlowEdge[] = []
  const running = new Set<string>()

  const visit = (visited: Visit) => {
    const { block, path, known, names } = visited
    running.add(pathKey(path))
    for (const input of isLoop(block) ? ownInputs(block) : visited.inputs) {
      const members = input.name === null ? places.groupMembers(input.kwargsType, names()) : [input.name]
      for (const name of members) {
        const { writers, supply } = places.supply(name, path, known(name), input.required, values === undefined)
        if (input.name !== null) inputs.push({ path, input, supply })
        edges.push(...writers.map(from => places.edge(from, path, name, input.typeHint)))
        if (supply === 'missing' || supply === 'caller') {
          const missing = supply === 'missing'
          edges.push({ from: null, to: path, name, type: input.typeHint ?? 'any', carried: false, missing })
        }
      }
      if (input.name === null) inputs.push({ path, input, supply: members.length > 0 ? 'block' : 'none' })
    }
  }
  const walk = new PathWalk(knowledgeOf(blocks, values), name => values?.get(name), visit, [], values !== undefined)
  walk.follow(blocks)

  for (const output of blocks.outputs) {
    const { writers } = places.supply(output.name, null, walk.known(output.name), false, false)
    edges.push(...writers.map(from => places.edge(from, null, output.name, output.typeHint)))
  }
  return { inputs, edges: distinct(edges), running }
}

function givenValues(given: Readonly<Record<string, unknown>> | readonly string[]): Map<string, unknown> {
  const entries = Array.isArray(given) ? given.map(name => [name, true] as const) : Object.entries(given)
  return new Map(entries.filter(([, value]) => value !== undefined && value !== null) as [string, unknown][])
}

/** What is known when the walk begins. */
function knowledgeOf(blocks: BlockNode, values: ReadonlyMap<string, unknown> | undefined): Map<string, Fact> {
  const defaults = blocks.inputs.filter(input => input.default !== undefined)
  const fallback = (name: string): Source[] => {
    const value = defaults.find(input => input.name === name)?.default
    return value === undefined ? [] : [{ kind: 'default', block: '', value }]
  }
  if (values) {
    const present = [...values.keys(), ...defaults.flatMap(input => input.name ?? [])]
    return startingKnowledge(present, new Set(values.keys()), defaults)
  }
  // Of a call that is not known, every name may be there or not.
  const triggers = [...eachBlock(blocks)].flatMap(({ block }) => (isConditional(block) ? block.triggerNames : []))
  const names = new Set([...blocks.inputs.flatMap(input => input.name ?? []), ...triggers])
  return new Map([...names].map(name => [name, { sources: fallback(name), certain: false }]))
}

function distinct(edges: readonly FlowEdge[]): FlowEdge[] {
  const seen = new Map<string, FlowEdge>()
  for (const edge of edges) {
    const key = JSON.stringify([edge.from, edge.to, edge.name])
    if (!seen.has(key)) seen.set(key, edge)
  }
  return [...seen.values()]
}

/** Blocks by their place, and the order of the places. */
class Places {
  private readonly blocks = new Map<string, BlockNode>()
  private readonly order = new Map<string, number>()
  private readonly paths = new Map<string, readonly string[]>()
  private readonly groups = new Map<string, Set<string>>()

  constructor(private readonly root: BlockNode) {
    for (const { block, path } of eachBlock(root)) {
      const key = pathKey(path)
      this.order.set(key, this.blocks.size)
      this.blocks.set(key, block)
      this.paths.set(key, path)
      for (const { name, kwargsType } of [...block.inputs, ...block.intermediateOutputs]) {
        if (name === null || kwargsType === undefined) continue
        this.groups.set(kwargsType, (this.groups.get(kwargsType) ?? new Set()).add(name))
      }
    }
  }

  /** Which of the names that are there belong to a group. */
  groupMembers(group: string | undefined, names: readonly string[]): string[] {
    const members = this.groups.get(group ?? '')
    return names.filter(name => members?.has(name))
  }

  edge(from: readonly string[], to: readonly string[] | null, name: string, taken: string | undefined): FlowEdge {
    const written = this.at(from).intermediateOutputs.find(output => output.name === name)?.typeHint
    const carried = to !== null && this.rank(from) >= this.rank(to)
    return { from, to, name, type: written ?? taken ?? 'any', carried, missing: false }
  }

  /** Who supplies a name to the block at a place, or to the caller at the end. */
  supply(
    name: string,
    to: readonly string[] | null,
    fact: Fact | undefined,
    required: boolean,
    isOpen: boolean,
  ): { writers: (readonly string[])[]; supply: Supply } {
    const sources = fact?.sources ?? []
    const writers = this.latest(name, to, this.writersAmong(sources))
    const has = (kind: Source['kind']) => sources.some(source => source.kind === kind)
    // A branch runs only if its trigger is present.
    const isGiven = has('given') || has('state') || (isOpen && required && to !== null && this.chooses(name, to))
    if (writers.length > 0) return { writers, supply: 'block' }
    return { writers, supply: isGiven ? 'caller' : has('default') ? 'default' : required ? 'missing' : 'none' }
  }

  /** Whether a name must be there for a place to be reached. */
  private chooses(name: string, path: readonly string[]): boolean {
    return path.some((branch, depth) => {
      const choice = this.at(path.slice(0, depth))
      const when = isConditional(choice) ? (branchConditions(choice).get(branch)?.when ?? []) : []
      return when.length > 0 && when.every(names => names.includes(name))
    })
  }

  private writersAmong(sources: readonly Source[]): (readonly string[])[] {
    return sources.flatMap(source => {
      if (source.kind !== 'written') return []
      const path = this.paths.get(source.block)
      if (path) return [path]
      return source.block === classNameOf(this.root) ? [[]] : [] // A tree of one block.
    })
  }

  /** Leaves out what is overwritten on the way, and a loop's own word for what its parts write. */
  private latest(
    name: string,
    to: readonly string[] | null,
    writers: readonly (readonly string[])[],
  ): (readonly string[])[] {
    const last = this.lastCertainWriter(name, to)
    return writers.filter(from => {
      const writer = this.at(from)
      if (to !== null && isComposite(writer) && isWithinPath(to, from)) return false
      const partsWrite = writers.some(
        other => other !== from && isWithinPath(other, from) && other.length > from.length,
      )
      if (isLoop(writer) && partsWrite) return false
      if (to !== null && this.rank(from) >= this.rank(to)) return this.isCarried(from, to, last)
      return last === undefined || this.rank(from) >= this.rank(last)
    })
  }

  /** Whether a value that is written later reaches a block in the next iteration. */
  private isCarried(from: readonly string[], to: readonly string[], last: readonly string[] | undefined): boolean {
    return to.some((_, depth) => {
      const loop = to.slice(0, depth)
      return isLoop(this.at(loop)) && isWithinPath(from, loop) && !(last && isWithinPath(last, loop))
    })
  }

  /** The nearest block before a place that writes a name whichever way its choices go. */
  private lastCertainWriter(name: string, to: readonly string[] | null): readonly string[] | undefined {
    const inside = to === null ? [] : to
    for (let depth = inside.length - (to === null ? 0 : 1); depth >= 0; depth--) {
      const parent = inside.slice(0, depth)
      const block = this.at(parent)
      if (!isComposite(block) || isConditional(block)) continue
      const parts = [...block.subBlocks.keys()]
      const before = to === null ? parts : parts.slice(0, parts.indexOf(inside[depth] as string))
      const writer = before.reverse().find(part => alwaysWrites(this.at([...parent, part]), name))
      if (writer !== undefined) return [...parent, writer]
    }
    return undefined
  }

  private at(path: readonly string[]): BlockNode {
    return this.blocks.get(pathKey(path)) as BlockNode
  }

  private rank(path: readonly string[]): number {
    return this.order.get(pathKey(path)) as number
  }
}
