/** Cuts weighted prompts of any length into chunks that a text encoder takes. Counterpart: tokenize_line() of AUTOMATIC1111's web UI */
import type { CLIPTokenizer } from '../tokenizers/clip-tokenizer'
import { expandConcepts } from '../tokenizers/expand-concepts'
import { InvalidMaxLengthError } from '../tokenizers/invalid-max-length-error'
import type { WeightedText } from './a1111-syntax'

/** What a text encoder gets at once: start token, tokens of the text, end token and filler. All lists have as many numbers as the tokenizer's `modelMaxLength`. */
export interface PromptChunk {
  /** Ids of the tokens, with start and end. */
  readonly ids: readonly number[]
  /** 1 for each token, 0 for each filler. */
  readonly mask: readonly number[]
  /** How much each token counts. */
  readonly weights: readonly number[]
}

/** Tokens behind a comma that move to the next chunk at most, if a chunk would otherwise end between them. */
const LONGEST_MOVED = 20

/** Cuts texts for one tokenizer. */
export class PromptChunker {
  /** Tokens of a text in a chunk. */
  private readonly size: number
  private readonly comma: number | undefined
  /** The tokens of each concept of several vectors, by the first one. They stay together. */
  private readonly concepts: ReadonlyMap<number, readonly number[]>

  /** @throws InvalidMaxLengthError for a tokenizer without room for a token */
  constructor(private readonly tokenizer: CLIPTokenizer) {
    const { modelMaxLength, addedTokensEncoder } = tokenizer
    if (modelMaxLength < 3) throw new InvalidMaxLengthError(modelMaxLength, 3)
    this.size = modelMaxLength - 2
    const [comma = []] = tokenizer.encode(',', { addSpecialTokens: false }).inputIds
    this.comma = comma.length === 1 ? comma[0] : undefined
    this.concepts = conceptsOf(addedTokensEncoder)
  }

  /** A chunk without text. */
  get empty(): PromptChunk {
    return this.chunkOf([], [])
  }

  /**
   * Cuts a prompt: a chunk that is full ends after its last comma, if that is at most 20 tokens ago. Each section begins a new chunk.
   *
   * @param sections - as `a1111PromptLoop()` reads them
   * @param options - `most` ends the work once there are more chunks than that
   * @returns one chunk or more
   * @throws the reason of `signal`
   */
  async cut(
    sections: readonly (readonly WeightedText[])[],
    { most, signal }: { most: number; signal?: AbortSignal | undefined },
  ): Promise<PromptChunk[]> {
    const chunks: PromptChunk[] = []
    for (const [i, section] of sections.entries()) {
      const cutter = new SectionCutter(this.size, this.comma)
      for (const { text, weight } of section) {
        if (chunks.length + cutter.count > most) break
        const expanded = expandConcepts(text, this.tokenizer)
        const encoded = await this.tokenizer.encodeAsync(expanded, { addSpecialTokens: false, signal })
        for (const group of this.groupsOf(encoded.inputIds[0] ?? [])) cutter.add(group, weight)
      }
      const isLast = i === sections.length - 1
      // Nothing follows the last BREAK.
      if (isLast && chunks.length > 0 && cutter.count === 0) break
      for (const { ids, weights } of cutter.end()) chunks.push(this.chunkOf(ids, weights))
      if (chunks.length > most) break
    }
    return chunks
  }

  private *groupsOf(ids: readonly number[]): Generator<readonly number[]> {
    for (let i = 0; i < ids.length; ) {
      const id = ids[i] as number
      const concept = this.concepts.get(id)
      const isConcept = concept?.every((other, k) => ids[i + k] === other) && concept.length <= this.size
      const group = isConcept ? (concept as readonly number[]) : [id]
      yield group
      i += group.length
    }
  }

  private chunkOf(ids: readonly number[], weights: readonly number[]): PromptChunk {
    const { bosTokenId, eosTokenId, padTokenId } = this.tokenizer
    const fillers = this.size - ids.length
    const filler = (value: number) => new Array<number>(fillers).fill(value)
    return {
      ids: [bosTokenId, ...ids, eosTokenId, ...filler(padTokenId)],
      mask: [1, ...ids.map(() => 1), 1, ...filler(0)],
      weights: [1, ...weights, 1, ...filler(1)],
    }
  }
}

interface Filled {
  readonly ids: number[]
  readonly weights: number[]
}

/** Fills chunks with the tokens of one section. */
class SectionCutter {
  private readonly done: Filled[] = []
  private chunk: Filled = { ids: [], weights: [] }
  /** Where the last comma of the chunk is. */
  private lastComma: number | undefined

  constructor(
    private readonly size: number,
    private readonly comma: number | undefined,
  ) {}

  /** How many chunks there are. */
  get count(): number {
    return this.done.length + (this.chunk.ids.length > 0 ? 1 : 0)
  }

  /** @param group - tokens that stay together */
  add(group: readonly number[], weight: number): void {
    const { ids } = this.chunk
    if (group[0] === this.comma) this.lastComma = ids.length
    else if (ids.length === this.size && this.lastComma !== undefined && ids.length - this.lastComma <= LONGEST_MOVED) {
      this.endAfter(this.lastComma + 1)
    }
    if (this.chunk.ids.length + group.length > this.size) this.endAfter(this.chunk.ids.length)
    for (const id of group) {
      this.chunk.ids.push(id)
      this.chunk.weights.push(weight)
    }
  }

  end(): readonly Filled[] {
    this.endAfter(this.chunk.ids.length)
    return this.done
  }

  private endAfter(count: number): void {
    const { ids, weights } = this.chunk
    this.done.push({ ids: ids.slice(0, count), weights: weights.slice(0, count) })
    this.chunk = { ids: ids.slice(count), weights: weights.slice(count) }
    this.lastComma = undefined
  }
}

function conceptsOf(known: ReadonlyMap<string, number>): Map<number, readonly number[]> {
  const concepts = new Map<number, readonly number[]>()
  for (const [name, id] of known) {
    const ids = [id]
    for (let next = known.get(`${name}_1`); next !== undefined; next = known.get(`${name}_${ids.length}`))
      ids.push(next)
    if (ids.length > 1) concepts.set(id, ids)
  }
  return concepts
}
