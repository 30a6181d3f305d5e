/** Inputs that a request leaves out although the blocks that it runs need them: the schema of a pipeline with branches cannot say so. */
import type { ModularPipelineBlocks } from '../../src'
import { eachBlock, isConditional } from '../../src/wiring/blocks'

/** Answers that are kept. Requests of clients have few sets of names. */
const MOST_KEPT = 200

/** Characters of the values that choose branches, where an answer is kept. Pictures are longer. */
const LONGEST_CHOICE = 200

/** Follows blocks, which takes milliseconds, once for all requests that must lead to the same answer. */
export class MissingInputs {
  private readonly known = new Map<string, readonly string[]>()
  /** Names of the inputs whose values choose branches. Of others, only the name counts. */
  private readonly triggers: ReadonlySet<string>

  constructor(private readonly blocks: ModularPipelineBlocks) {
    const choices = [...eachBlock(blocks)].flatMap(({ block }) => (isConditional(block) ? block.triggerNames : []))
    this.triggers = new Set(choices)
  }

  /** Names of inputs that blocks need which run for certain, and that nobody supplies. */
  of(inputs: Readonly<Record<string, unknown>>): readonly string[] {
    const names = Object.keys(inputs).sort()
    const values = JSON.stringify(names.map(name => (this.triggers.has(name) ? inputs[name] : null)))
    if (values.length - 5 * names.length > LONGEST_CHOICE) return this.find(inputs)
    const key = JSON.stringify([names, values])
    const found = this.known.get(key) ?? this.find(inputs)
    if (this.known.size < MOST_KEPT) this.known.set(key, found)
    return found
  }

  private find(inputs: Readonly<Record<string, unknown>>): readonly string[] {
    const missing = this.blocks
      .explain(inputs)
      .inputs.filter(({ required, certain, sources }) => required && certain && sources.length === 0)
    return [...new Set(missing.map(({ input }) => input))]
  }
}
