/** Reads the values of `--embedding`. */
import { basename, extname } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { absolutePath } from '../src/files/absolute-path'

/** A textual inversion, as an option names it. */
export interface EmbeddingOption {
  /** File, folder or repository. */
  readonly source: string
  /** The word for it in prompts. */
  readonly token: string
}

/** `--embedding`: `FILE`, or `TOKEN=FILE`. Each use of the option adds one. Without a token, the word is the name of the file without its ending. */
export function parseEmbedding(text: string, others: readonly EmbeddingOption[] = []): EmbeddingOption[] {
  const [, stated, source = text] = /^([^=/\\]*)=(.*)$/.exec(text) ?? []
  const token = stated ?? basename(absolutePath(source), extname(source))
  if (source.trim() === '' || token.trim() === '') {
    throw new InvalidArgumentError('It must be a file, or a word and a file, as in <toy>=toy.safetensors.')
  }
  return [...others, { source, token }]
}
