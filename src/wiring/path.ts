/**
 * Which blocks these inputs run, told before anything runs: follows the tree as a run would, with what is known of each name instead of its value.
 */
import type { ModularPipelineBlocks } from '../composition/modular-pipeline-blocks'
import type { InputParam } from '../params/input-param'
import { isComposite, isConditional, isLoop } from './blocks'

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'given' }
  | { readonly kind: 'state' }
  | { readonly kind: 'default'; readonly block: string; readonly value: unknown }
  | { readonly kind: 'written'; readonly block: string }

/** What is known of a name: where its value may come from, and whether it is there for certain. */
export interface Fact {
  readonly sources: readonly Source[]
  readonly certain: boolean
}

/** A leaf or loop that may run, with what it finds. */
export interface Visit {
  readonly block: ModularPipelineBlocks
  readonly path: readonly string[]
  /** Whether it runs for certain: false in a branch whose choice depends on values that are made inside. */
  readonly certain: boolean
  /** What is known of a name when the block begins. */
  readonly known: (name: string) => Fact | undefined
  /** Names that may have a value when the block begins. */
  readonly names: () => string[]
}

/** What is known at one point of the walk. */
type Knowledge = Map<string, Fact>

// Choices that depend on more unknown names than this are taken as entirely open.
const MAX_UNKNOWN_TRIGGERS = 6

/** Walks the blocks that may run, in order. */
export class PathWalk {
  constructor(
    private knowledge: Knowledge,
    private readonly lookUp: (name: string) => unknown,
    private readonly visit: (visit: Visit) => void,
  ) {}

  /** Follows one block and all that it may run. */
  follow(block: ModularPipelineBlocks, path: readonly string[] = [], certain = true): void {
    if (isConditional(block)) this.followChoice(block, path, certain)
    else if (isComposite(block) && !isLoop(block)) {
      for (const [name, part] of block.subBlocks) this.follow(part, [...path, name], certain)
    } else this.followLeaf(block, path, certain)
  }

  private followLeaf(block: ModularPipelineBlocks, path: readonly string[], certain: boolean): void {
    this.applyDefaults(block.inputs, path)
    const { knowledge } = this
    this.visit({ block, path, certain, known: name => knowledge.get(name), names: () => [...knowledge.keys()] })
    for (const name of block.intermediateOutputNames) {
      const written: Source = { kind: 'written', block: path.join(' > ') || block.constructor.name }
      const before = knowledge.get(name)?.sources ?? []
      // A block may write "nothing", so a choice that depends on what it wrote stays open.
      knowledge.set(name, { sources: certain ? [written] : [...before, written], certain: false })
    }
  }

  private applyDefaults(inputs: readonly InputParam[], path: readonly string[]): void {
    for (const { name, default: value } of inputs) {
      if (name === null || value === undefined || this.knowledge.get(name)?.certain) continue
      const before = this.knowledge.get(name)?.sources ?? []
      this.knowledge.set(name, {
        sources: [...before, { kind: 'default', block: path.join(' > '), value }],
        certain: true,
      })
    }
  }

  private followChoice(block: Parameters<typeof possibleBranches>[0], path: readonly string[], certain: boolean): void {
    const branches = possibleBranches(block, this.knowledge, this.lookUp)
    const before = this.knowledge
    const ends: Knowledge[] = []
    for (const name of branches) {
      this.knowledge = new Map(before)
      const branch = name === undefined ? undefined : block.subBlocks.get(name)
      if (branch) this.follow(branch, [...path, name as string], certain && branches.length === 1)
      ends.push(this.knowledge)
    }
    this.knowledge = merge(ends)
  }
}

function possibleBranches(
  block: ModularPipelineBlocks & {
    readonly triggerNames: readonly string[]
    chooseBranch(lookUp: (trigger: string) => unknown): readonly [string, ModularPipelineBlocks] | undefined
  },
  knowledge: Knowledge,
  lookUp: (name: string) => unknown,
): (string | undefined)[] {
  const open = block.triggerNames.filter(name => knowledge.get(name)?.certain === false)
  if (open.length > MAX_UNKNOWN_TRIGGERS) return [...block.subBlocks.keys(), undefined]
  const choices = new Set<string | undefined>()
  for (let bits = 0; bits < 2 ** open.length; bits++) {
    const choice = block.chooseBranch(trigger => {
      const index = open.indexOf(trigger)
      if (index >= 0) return (bits >> index) & 1 ? (lookUp(trigger) ?? true) : undefined
      return knowledge.has(trigger) ? (lookUp(trigger) ?? true) : undefined
    })
    choices.add(choice?.[0])
  }
  return [...choices]
}

/** What is known after one of several ways was taken. */
function merge(ends: readonly Knowledge[]): Knowledge {
  if (ends.length === 1) return ends[0] as Knowledge
  const merged: Knowledge = new Map()
  for (const name of new Set(ends.flatMap(end => [...end.keys()]))) {
    const facts = ends.map(end => end.get(name))
    const sources = new Set(facts.flatMap(fact => [...(fact?.sources ?? [])]))
    merged.set(name, { sources: [...sources], certain: facts.every(fact => fact?.certain === true) })
  }
  return merged
}

/** The knowledge that a call starts with: the names that are in the state, and which of them the caller gave. */
export function startingKnowledge(
  present: Iterable<string>,
  given: ReadonlySet<string>,
  defaults: readonly InputParam[],
): Knowledge {
  const knowledge: Knowledge = new Map()
  for (const name of present) {
    const fallback = defaults.find(input => input.name === name)
    const source: Source = given.has(name)
      ? { kind: 'given' }
      : fallback?.default !== undefined
        ? { kind: 'default', block: '', value: fallback.default }
        : { kind: 'state' }
    knowledge.set(name, { sources: [source], certain: true })
  }
  return knowledge
}
