/** `tesserae generate --list-words`: what a model was trained on. */
import '../components/hub/hub-resolver'
import { join } from 'node:path'
import { InvalidVocabularyError } from '../components/vocabulary/invalid-vocabulary-error'
import { readVocabulary, VOCABULARY_FILE } from '../components/vocabulary/vocabulary-files'
import { nameList } from '../src/errors/text'
import { resolveRepository } from '../src/hub/repository-resolver'
import { print, printAside } from './print'

/** Options of the command, as commander gives them. */
export interface ListWordsOptions {
  model: string
  revision?: string
  offline?: boolean
  json?: boolean
}

/**
 * Prints the names that a model knows, one in a line; what may come before them goes to standard error.
 *
 * @throws InvalidVocabularyError if the model has no vocabulary, or a damaged one
 */
export async function listWords({ model, revision, offline = false, json = false }: ListWordsOptions): Promise<void> {
  const part = { subfolder: 'tokenizer', files: [VOCABULARY_FILE] }
  const options = { ...(revision !== undefined && { revision }), ...(offline && { localFilesOnly: true }) }
  const top = await resolveRepository(model, part, options)
  const folder = join(top, part.subfolder)
  const vocabulary = await readVocabulary(folder)
  if (vocabulary === undefined) {
    throw new InvalidVocabularyError(
      join(folder, VOCABULARY_FILE),
      'there is no such file: this model does not list its words. docs/guides/vocabulary.md describes how to add it.',
    )
  }
  if (json) {
    print(JSON.stringify(vocabulary.file, null, 2))
    return
  }
  for (const name of vocabulary.names) print(name)
  for (const { words, names } of vocabulary.modifiers) {
    printAside(`${nameList(words)} may come before ${names.length} names; --json lists them.`)
  }
}
