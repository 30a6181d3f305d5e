/** `tesserae generate --embedding`: words that the text encoders of the model learn. */
import { basename, extname } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { loadTextualInversion } from '../components'
import { absolutePath } from '../src/files/absolute-path'
import type { RepositoryOptions } from '../src/hub/repository-resolver'
import type { AnyPipeline } from './open-pipeline'

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

/** Teaches the text encoders of a pipeline, which are loaded, the words. @throws what loading throws */
export async function loadEmbeddings(
  pipe: AnyPipeline,
  embeddings: readonly EmbeddingOption[],
  repository: RepositoryOptions,
): Promise<void> {
  for (const { source, token } of embeddings) await loadTextualInversion(pipe, source, { ...repository, token })
}

/** How a record tells of them: `<toy>, style`. */
export function embeddingNames(embeddings: readonly EmbeddingOption[]): string {
  return embeddings.map(({ token }) => token).join(', ')
}
