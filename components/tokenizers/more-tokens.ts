/** Lets a library's tokenizer know the names of more tokens. */
import type { LibraryTokenizer } from './library-tokenizer'

/** Returns a tokenizer that works as the given one, and knows more tokens by name and id. The given one stays as it is. */
export function withMoreTokens(base: LibraryTokenizer, ids: ReadonlyMap<string, number>): LibraryTokenizer {
  const names = new Map([...ids].map(([name, id]) => [id, name]))
  return {
    normalizer: base.normalizer,
    pre_tokenizer: base.pre_tokenizer,
    model: base.model,
    token_to_id: token => ids.get(token) ?? base.token_to_id(token),
    id_to_token: id => names.get(id) ?? base.id_to_token(id),
    decode: (list, options) => {
      const parts: string[] = []
      let known: number[] = []
      const flush = () => {
        if (known.length > 0) parts.push(base.decode(known, options).trimEnd())
        known = []
      }
      for (const id of list) {
        const name = names.get(id)
        if (name === undefined) known.push(id)
        else {
          flush()
          parts.push(name)
        }
      }
      flush()
      return parts.join(' ')
    },
  }
}
