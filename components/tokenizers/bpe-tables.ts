/** Makes the library's tokenizer in pieces: its constructor takes 150 ms for the vocabulary of CLIP. */
import { Tokenizer } from '@huggingface/tokenizers'
import { inPieces } from '../../src/runtime/time-slice'
import type { CLIPTokenizerFiles } from './clip-tokenizer-files'
import { clipTokenizerJson } from './clip-tokenizer-json'
import type { LibraryTokenizer } from './library-tokenizer'

/** Entries that are added between two turns of the event loop at most. */
const PIECE = 2048

/** The tables of the library's BPE model. */
interface BPETables {
  tokens_to_ids: Map<string, number>
  vocab: string[]
  merges: readonly (readonly [string, string])[]
  bpe_ranks: Map<string, number>
  unk_token_id: number | undefined
}

/** Makes the tokenizer that {@link clipTokenizerJson} describes: with empty tables, which are filled in pieces as the library's constructor would fill them. */
export function* tokenizerLoop(files: CLIPTokenizerFiles): Generator<void, LibraryTokenizer, void> {
  const tokenizer = new Tokenizer(clipTokenizerJson({ ...files, vocab: {}, merges: [] }), {})
  yield
  const tables = tokenizer.model as unknown as BPETables
  const tokens = Object.keys(files.vocab)
  const ids = new Map<string, number>()
  // Of this length from the start: the largest id alone would make it a sparse array.
  const byId = new Array<string>(tokens.length)
  yield* inPieces(
    tokens.length,
    (begin, end) => {
      for (let i = begin; i < end; i++) {
        const token = tokens[i] as string
        const id = files.vocab[token] as number
        ids.set(token, id)
        byId[id] = token
      }
    },
    PIECE,
  )
  // Added tokens have the last word.
  for (const { content, id } of files.addedTokens) {
    ids.set(content, id)
    byId[id] = content
  }
  const { merges } = files
  const ranks = new Map<string, number>()
  yield* inPieces(
    merges.length,
    (begin, end) => {
      for (let i = begin; i < end; i++) ranks.set(JSON.stringify(merges[i]), i)
    },
    PIECE,
  )
  const unknownId = files.vocab[files.unkToken.content]
  Object.assign(tables, {
    tokens_to_ids: ids,
    vocab: byId,
    merges,
    bpe_ranks: ranks,
    unk_token_id: unknownId,
  } satisfies BPETables)
  return tokenizer
}
