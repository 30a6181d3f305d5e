/** Gives added tokens their ids. Counterpart: tokenizers added_vocabulary.rs (add_tokens); transformers tokenization_utils_tokenizers.py */
import type { AddedToken, UnnumberedToken } from './added-token'

/**
 * Numbers added tokens in their order: a token of the vocabulary keeps its id, others follow the vocabulary without a gap, whatever
 * id a file states. Of two tokens with one text the later one counts.
 */
export function numberAddedTokens(
  tokens: Iterable<UnnumberedToken>,
  vocab: Readonly<Record<string, number>>,
): AddedToken[] {
  const size = Object.keys(vocab).length
  const byId = new Map<number, AddedToken>()
  const ids = new Map<string, number>()
  let next = size
  for (const token of tokens) {
    // Not every name that an object answers to is one of its own.
    const known = ids.get(token.content) ?? (Object.hasOwn(vocab, token.content) ? vocab[token.content] : undefined)
    const id = known ?? next
    ids.set(token.content, id)
    byId.set(id, { ...token, id })
    next = Math.max(next, id + 1)
  }
  return [...byId.values()]
}
