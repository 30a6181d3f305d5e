/** Which components one file of weights holds: a reader of such files registers itself. */
import { ModelIndexError } from '../errors/model-index-error'
import type { FromSingleFileOptions } from '../params/component-class'

/** What all components of a single file are loaded with. */
export type SingleFileSettings = Pick<FromSingleFileOptions, 'predictionType' | 'extractEma'> & {
  /** Folder or repository in the diffusers layout whose index, configs and tokenizers are taken. */
  readonly config?: string
}

/** What {@link SingleFileReader.readIndex} returns. */
export interface SingleFileIndex {
  /** What a `model_index.json` beside the components would hold. */
  readonly json: Readonly<Record<string, unknown>>
  /** Another text once the file is another one. */
  readonly stamp: string
}

/** Reads what a file of weights holds. */
export interface SingleFileReader {
  /** @throws an error that says what the file is, if no pipeline can be made of it */
  readIndex(file: string, settings: SingleFileSettings): SingleFileIndex
}

let registeredReader: SingleFileReader | undefined

/** Makes known who reads single files; the last one counts. `tesserae` registers the reader of Stable Diffusion's files. */
export function registerSingleFileReader(reader: SingleFileReader): void {
  registeredReader = reader
}

/**
 * Returns the index that stands for the components of a file.
 *
 * @throws ModelIndexError if nobody reads such files; what the reader throws
 */
export function singleFileIndex(file: string, settings: SingleFileSettings): SingleFileIndex {
  if (registeredReader === undefined) throw new ModelIndexError(file, 'this is a file; expected the folder of a model.')
  return registeredReader.readIndex(file, settings)
}
