/** Finds the added tokens of a tokenizer in a text. Counterpart: tokenizers added_vocabulary.rs (extract_and_normalize) */
import type { AddedToken } from './added-token'

/** What a piece of a word is made of, for tokens that are not found inside of one. */
const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u
const SPACE = /^\p{White_Space}$/u

/** What a {@link AddedTokenSplitter} does besides looking for its tokens. */
export interface SplitterOptions {
  /** Whether special tokens are read as plain text. */
  readonly splitSpecialTokens: boolean
  /** Makes the form of a text in which normalized tokens are found. */
  readonly normalize: (text: string) => string
}

/**
 * Splits a text into added tokens and the normalized text between them. Tokens that are found in the text as it is come
 * first, then those that are found in its normalized form.
 */
export class AddedTokenSplitter {
  private readonly verbatim = new TokenTree()
  private readonly normalized = new TokenTree()
  private readonly normalize: (text: string) => string

  constructor(tokens: readonly AddedToken[], { splitSpecialTokens, normalize }: SplitterOptions) {
    this.normalize = normalize
    for (const token of tokens) {
      const entry = { token, isText: splitSpecialTokens && token.special }
      if (token.normalized) this.normalized.add(normalize(token.content), entry)
      else this.verbatim.add(token.content, entry)
    }
  }

  /** The tokens and the normalized texts of a text, in their order. */
  *split(text: string): Generator<AddedToken | string, void, void> {
    for (const section of split(text, this.verbatim)) {
      if (typeof section === 'string') yield* split(this.normalize(section), this.normalized)
      else yield section
    }
  }
}

interface Entry {
  readonly token: AddedToken
  /** Whether the token is found and then read as text, which hides shorter tokens inside of it. */
  readonly isText: boolean
}

interface TokenNode {
  readonly next: Map<string, TokenNode>
  entry?: Entry
}

/** Tokens by their beginnings. */
class TokenTree {
  private readonly root: TokenNode = { next: new Map() }

  add(text: string, entry: Entry): void {
    if (text === '') return
    let node = this.root
    for (let i = 0; i < text.length; i++) {
      const unit = text[i] as string
      const next: TokenNode = node.next.get(unit) ?? { next: new Map() }
      node.next.set(unit, next)
      node = next
    }
    node.entry ??= entry
  }

  /** The longest token that begins at a place, and where it ends. */
  longestAt(text: string, begin: number): { entry: Entry; end: number } | undefined {
    let found: { entry: Entry; end: number } | undefined
    let node: TokenNode | undefined = this.root
    for (let i = begin; i < text.length && node !== undefined; i++) {
      node = node.next.get(text[i] as string)
      if (node?.entry) found = { entry: node.entry, end: i + 1 }
    }
    return found
  }
}

function* split(text: string, tree: TokenTree): Generator<AddedToken | string, void, void> {
  let kept = 0
  let place = 0
  while (place < text.length) {
    const found = tree.longestAt(text, place)
    if (found === undefined) {
      place++
      continue
    }
    const { entry, end } = found
    const { token } = entry
    const begin = place
    place = end
    if (entry.isText || (token.singleWord && isInsideOfWord(text, begin, end))) continue
    let from = begin
    if (token.lstrip) while (from > kept && SPACE.test(text[from - 1] as string)) from--
    let to = end
    if (token.rstrip) while (to < text.length && SPACE.test(text[to] as string)) to++
    if (kept < from) yield text.slice(kept, from)
    yield token
    kept = to
  }
  if (kept < text.length) yield text.slice(kept)
}

function isInsideOfWord(text: string, begin: number, end: number): boolean {
  return WORD_BEFORE.test(text.slice(Math.max(0, begin - 2), begin)) || WORD_AFTER.test(text.slice(end, end + 2))
}
