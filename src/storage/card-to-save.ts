/** Which README.md is saved with a pipeline. Counterpart: load_or_create_model_card of diffusers. */
import { join } from 'node:path'
import { readText } from '../files/read-text'
import type { OpenRepository } from '../hub/repository-publisher'
import { isSealedCard, sealCard } from './generated-card'

/** The page that readers of a repository see first. */
export const CARD_FILE = 'README.md'

/**
 * The card to write; `undefined` where the folder has one that somebody has written. One of that kind in the repository is taken.
 *
 * @param repository where the folder is to be pushed
 * @param make gives a card of the pipeline
 */
export async function cardToSave(
  folder: string,
  repository: OpenRepository | undefined,
  make: () => string,
): Promise<string | undefined> {
  const there = await readText(join(folder, CARD_FILE)).catch((error: NodeJS.ErrnoException) =>
    // Of one that cannot be read nobody knows who wrote it.
    error.code === 'ENOENT' || error.code === 'ENOTDIR' ? undefined : '',
  )
  if (there !== undefined && !isSealedCard(there)) return undefined
  const published = await repository?.readText(CARD_FILE)
  return published !== undefined && !isSealedCard(published) ? published : sealCard(make())
}
