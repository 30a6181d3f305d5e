/**
 * Which blocks these inputs run, told before anything runs: follows the tree as a run would, with what is known of each name instead of its value.
 */
import type { z } from 'zod'
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from '../params/component-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import type { BlockNode, ChoiceNode, LoopNode } from './block-node'
import { eachBlock, isComposite, isConditional, isLoop } from './blocks'

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

/** A leaf or loop that may run, with what it finds. The parts of a loop follow the loop. */
export interface Visit {
  readonly block: BlockNode
  readonly path: readonly string[]
  /** What it takes; of a loop, all that it takes for itself and for its parts. */
  readonly inputs: readonly InputParam[]
  /** What it needs itself. */
  readonly components: readonly ComponentSpec[]
  /** Whether it runs for certain: false in a branch whose choice depends on values that are made inside. */
  readonly certain: boolean
  /** Whether a loop is around it, which may turn any number of times. */
  readonly inLoop: boolean
  /** What is known of a name when the block begins. */
  readonly known: (name: string) => Fact | undefined
  /** Names that may have a value when the block begins. */
  readonly names: () => string[]
}

/** What is known at one point of the walk. */
type Knowledge = Map<string, Fact>

// Choices that depend on more unknown names than this are taken as entirely open.
const MAX_UNKNOWN_TRIGGERS = 6

/** Where a walk is: how the block came to run. */
interface Place {
  readonly path: readonly string[]
  readonly certain: boolean
  readonly inLoop: boolean
}

/** Walks the blocks that may run, in order. */
export class PathWalk {
  constructor(
    private knowledge: Knowledge,
    private readonly lookUp: (name: string) => unknown,
    private readonly visit: (visit: Visit) => void,
    /** Path of the block that the run continues with: what comes before it, and other branches than its own, do not run. */
    private readonly startAt: readonly string[] = [],
    /** Whether blocks write all that they declare and nothing else, as `getExecutionBlocks()` has it. Otherwise they may write "nothing", or fill in inputs. */
    private readonly asDeclared = false,
  ) {}

  /** What is known of a name now: while blocks are visited, or at the end. */
  known(name: string): Fact | undefined {
    return this.knowledge.get(name)
  }

  private names(): string[] {
    return [...this.knowledge].filter(([, { sources }]) => sources.length > 0).map(([name]) => name)
  }

  /** Follows one block and all that it may run. */
  follow(block: BlockNode, place: Place = { path: [], certain: true, inLoop: false }): void {
    if (isConditional(block)) this.followChoice(block, place)
    else if (isLoop(block)) this.followLoop(block, place)
    else if (isComposite(block)) this.followParts(block, place)
    else this.followLeaf(block, place)
  }

  private followParts(block: BlockNode, place: Place): void {
    const parts = [...block.subBlocks]
    const first = this.nextOnTheWay(place)
    const begin = parts.findIndex(([name]) => name === first)
    for (const [name, part] of parts.slice(Math.max(0, begin))) {
      this.follow(part, { ...place, path: [...place.path, name] })
    }
  }

  /** Which part leads to where the walk starts, if it is not past it. */
  private nextOnTheWay({ path }: Place): string | undefined {
    return path.every((name, i) => name === this.startAt[i]) ? this.startAt[path.length] : undefined
  }

  private followLeaf(block: BlockNode, place: Place): void {
    this.announce(block, place, block.expectedComponents)
    const replaces = place.certain && !place.inLoop
    for (const output of block.intermediateOutputs)
      this.write(output.name, block, place, replaces, isAlwaysWritten(output))
  }

  private followLoop(block: LoopNode, place: Place): void {
    this.announce(block, place, block.loopExpectedComponents)
    for (const { name } of block.loopIntermediateOutputs) this.write(name, block, place, false)
    // What one iteration writes may be there in the next.
    for (const { block: part, path } of eachBlock(block, place.path)) {
      if (!isComposite(part))
        for (const name of part.intermediateOutputNames) this.write(name, part, { ...place, path }, false)
    }
    this.followParts(block, { ...place, inLoop: true })
  }

  private announce(block: BlockNode, place: Place, components: readonly ComponentSpec[]): void {
    const { inputs } = block
    const { knowledge } = this
    this.applyDefaults(inputs, place.path)
    const { path, certain, inLoop } = place
    // Functions of their own: V8 keeps objects whose fields hold functions past many a minor collection, and one walk is made for each run.
    const known = (name: string) => this.known(name)
    const names = () => this.names()
    this.visit({ block, path, inputs, components, certain, inLoop, known, names })
    if (this.asDeclared) return
    // A block may fill in what it takes and does not find.
    for (const { name } of inputs) {
      if (name !== null && !knowledge.has(name)) knowledge.set(name, { sources: [], certain: false })
    }
  }

  /**
   * A choice that depends on what a block wrote stays open, unless blocks are taken to write what they declare, or the output's schema allows nothing else than a
   * value.
   */
  private write(name: string, block: BlockNode, { path }: Place, replaces: boolean, isAlways = false): void {
    const written: Source = { kind: 'written', block: path.join(' > ') || classNameOf(block) }
    const before = replaces ? [] : (this.knowledge.get(name)?.sources ?? [])
    const isKnown = before.some(source => source.kind === 'written' && source.block === written.block)
    this.knowledge.set(name, {
      sources: isKnown ? before : [...before, written],
      certain: (this.asDeclared || isAlways) && replaces,
    })
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

  private followChoice(block: ChoiceNode, place: Place): void {
    const next = this.nextOnTheWay(place)
    const branches = next === undefined ? possibleBranches(block, this.knowledge, this.lookUp) : [next]
    const before = this.knowledge
    const ends: Knowledge[] = []
    for (const name of branches) {
      this.knowledge = new Map(before)
      const branch = name === undefined ? undefined : block.subBlocks.get(name)
      const certain = place.certain && branches.length === 1
      if (branch) this.follow(branch, { ...place, path: [...place.path, name as string], certain })
      ends.push(this.knowledge)
    }
    this.knowledge = merge(ends)
  }
}

/** Whether schemas take an absent value: a walk is made for each run. */
const takesAbsent = new WeakMap<z.ZodType, boolean>()

/** Whether an output declares a schema that takes no absent value. */
function isAlwaysWritten({ schema }: OutputParam): boolean {
  if (schema === undefined) return false
  const known = takesAbsent.get(schema) ?? [undefined, null].some(absent => schema.safeParse(absent).success)
  takesAbsent.set(schema, known)
  return !known
}

/** Names of the branches that may be chosen; `undefined` stands for none. */
function possibleBranches(
  block: ChoiceNode,
  knowledge: Knowledge,
  lookUp: (name: string) => unknown,
): (string | undefined)[] {
  const open = block.triggerNames.filter(name => knowledge.get(name)?.certain === false)
  if (open.length > MAX_UNKNOWN_TRIGGERS) return [...block.subBlocks.keys(), undefined]
  const choices = new Set<string | undefined>()
  for (let bits = 0; bits < 2 ** open.length; bits++) {
    const value = (trigger: string): unknown => {
      const index = open.indexOf(trigger)
      const isThere = index >= 0 ? ((bits >> index) & 1) === 1 : knowledge.has(trigger)
      return isThere ? (lookUp(trigger) ?? true) : undefined
    }
    choices.add(branchOf(block, value))
  }
  return [...choices]
}

/** A rule that cannot choose fails the run when it comes to it: here, the case may never arise. */
function branchOf(block: ChoiceNode, value: (trigger: string) => unknown): string | undefined {
  try {
    return block.chooseBranch(value)?.[0]
  } catch {
    return undefined
  }
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
