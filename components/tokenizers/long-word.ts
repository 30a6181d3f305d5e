/** Byte-pair encoding of long words in pieces: the library's own encodes a word at once, which takes seconds for a megabyte. */

/** The part of the library's tables that the encoding reads. */
export interface MergeTables {
  readonly tokens_to_ids: ReadonlyMap<string, number>
  /** The rank of a pair of tokens, under its JSON; the lowest is merged first. */
  readonly bpe_ranks: ReadonlyMap<string, number>
}

/** What is put behind the last character of a word. */
const END_OF_WORD = '</w>'

/** Pairs that are looked up between two turns of the event loop at most. */
const PIECE = 512

/**
 * Splits a word, spelled in the vocabulary's characters for bytes, into tokens. As in the library, the pair of the
 * lowest rank is merged first, and of equal ones the leftmost.
 * Takes O(n log n) steps and yields between pieces of them. Tokens that the vocabulary lacks are `unknown`.
 */
export function* encodeLongWord(
  word: string,
  { tokens_to_ids, bpe_ranks }: MergeTables,
  unknown: string,
): Generator<void, string[], void> {
  const tokens = Array.from(word)
  const count = tokens.length
  if (count === 0) return []
  tokens[count - 1] += END_OF_WORD
  // The tokens are a list: one that is merged into the one before it leaves it, and has the rank -2.
  const next = new Int32Array(count)
  const previous = new Int32Array(count)
  const rankAt = new Int32Array(count).fill(-1)
  const queue = new MinHeap()
  const look = (place: number) => {
    const other = next[place] as number
    const rank = other < count ? bpe_ranks.get(JSON.stringify([tokens[place], tokens[other]])) : undefined
    rankAt[place] = rank ?? -1
    // Both are whole numbers, and together far below 2 ** 53.
    if (rank !== undefined) queue.push(rank * count + place)
  }
  for (let i = 0; i < count; i++) {
    next[i] = i + 1
    previous[i] = i - 1
  }
  for (let i = 0; i < count; i++) {
    if (i % PIECE === PIECE - 1) yield
    look(i)
  }
  for (let steps = 1; ; steps++) {
    if (steps % PIECE === 0) yield
    const score = queue.pop()
    if (score === undefined) break
    const place = score % count
    // The pair has changed since.
    if (rankAt[place] !== (score - place) / count) continue
    const merged = next[place] as number
    const after = next[merged] as number
    tokens[place] = (tokens[place] as string) + (tokens[merged] as string)
    rankAt[merged] = -2
    next[place] = after
    if (after < count) previous[after] = place
    look(place)
    if (place > 0) look(previous[place] as number)
  }
  const found: string[] = []
  for (let i = 0, steps = 1; i < count; i = next[i] as number, steps++) {
    if (steps % PIECE === 0) yield
    const token = tokens[i] as string
    found.push(tokens_to_ids.has(token) ? token : unknown)
  }
  return found
}

/** A queue of numbers that gives the smallest first. */
class MinHeap {
  private readonly items: number[] = []

  push(item: number): void {
    const { items } = this
    let place = items.length
    items.push(item)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if ((items[parent] as number) <= item) break
      items[place] = items[parent] as number
      place = parent
    }
    items[place] = item
  }

  pop(): number | undefined {
    const { items } = this
    const first = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return first
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= items.length) break
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number)) child++
      if ((items[child] as number) >= last) break
      items[place] = items[child] as number
      place = child
    }
    items[place] = last
    return first
  }
}
