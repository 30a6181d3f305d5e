/** Reads the vocabulary that may be in a tokenizer's folder. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { emitWarning } from '../../src/errors/emit-warning'
import { writeFileAtomically } from '../../src/files/write-file-atomically'
import { VOCABULARY } from '../../src/format/text-limits'
import { readConfig } from '../configs/read-config'
import { InvalidVocabularyError } from './invalid-vocabulary-error'
import { PromptVocabulary } from './prompt-vocabulary'
import { vocabularySchema } from './vocabulary-schema'

/** The file, beside those of the tokenizer. */
export const VOCABULARY_FILE = 'vocabulary.json'

/**
 * Reads the vocabulary in a folder; returns `undefined` if none exists.
 *
 * @throws InvalidVocabularyError
 */
export async function readVocabulary(folder: string): Promise<PromptVocabulary | undefined> {
  const file = join(folder, VOCABULARY_FILE)
  if (!existsSync(file)) return undefined
  const json = await readConfig(folder, VOCABULARY_FILE, VOCABULARY).catch((cause: Error) => {
    throw new InvalidVocabularyError(file, cause.message, cause)
  })
  const { data, error } = vocabularySchema.safeParse(json)
  if (data !== undefined) return new PromptVocabulary(data)
  const issues = error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
  throw new InvalidVocabularyError(file, `${issues.join('; ')}. docs/guides/vocabulary.md describes the form.`, error)
}

/** Does as {@link readVocabulary}, but a damaged file is reported as a warning: a model works without its vocabulary. */
export async function readVocabularyIfSound(folder: string): Promise<PromptVocabulary | undefined> {
  try {
    return await readVocabulary(folder)
  } catch (error) {
    if (!(error instanceof InvalidVocabularyError)) throw error
    emitWarning(error.code, `${error.message} The words of prompts are not checked.`)
    return undefined
  }
}

/** Writes the vocabulary into a folder as it was read. @throws UnwritableFileError */
export async function writeVocabulary(folder: string, { file }: PromptVocabulary): Promise<void> {
  await writeFileAtomically(join(folder, VOCABULARY_FILE), [Buffer.from(`${JSON.stringify(file, undefined, 1)}\n`)])
}
