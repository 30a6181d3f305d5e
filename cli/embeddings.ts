/** `tesserae generate --embedding`: words that the text encoders of the model learn. */
import { loadTextualInversion } from '../components'
import type { RepositoryOptions } from '../src/hub/repository-resolver'
import type { EmbeddingOption } from './embedding-arguments'
import type { AnyPipeline } from './open-pipeline'

/** Teaches the text encoders of a pipeline, which are loaded, the words. @throws what loading throws */
export async function loadEmbeddings(
  pipe: AnyPipeline,
  embeddings: readonly EmbeddingOption[],
  repository: RepositoryOptions,
): Promise<void> {
  for (const { source, token } of embeddings) await loadTextualInversion(pipe, source, { ...repository, token })
}

/** How a record names them: `<toy>, style`. */
export function embeddingNames(embeddings: readonly EmbeddingOption[]): string {
  return embeddings.map(({ token }) => token).join(', ')
}
