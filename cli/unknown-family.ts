/** Models of another family than the blocks that are asked for. */

import { readModelIndex } from '../src/pipeline/model-index'
import { findBlocks } from '../src/pipeline/pipeline-families'
import { UnknownSubjectError } from './unknown-subject-error'

/** The names in the index of a model that say what it is for. */
export interface IndexNames {
  readonly pipelineClassName: string | undefined
  readonly blocksClassName: string | undefined
}

/** The error for a model whose index names nothing that is known here. */
export function unknownFamily(
  subject: string,
  names: IndexNames,
  advice: string,
  cause?: unknown,
): UnknownSubjectError {
  const { blocksClassName, pipelineClassName } = names
  const maker = [pipelineClassName, blocksClassName && `the blocks ${blocksClassName}`].filter(Boolean).join(' with ')
  const problem = `this is a model for ${maker || 'a pipeline that it does not name'}, for which there are no blocks here.`
  return new UnknownSubjectError(subject, `${problem} ${advice}`, cause)
}

/** Components of text to image with Stable Diffusion, and one that its relatives have besides. */
const NEEDED = ['tokenizer', 'textEncoder', 'unet', 'vae', 'scheduler']
const FOREIGN = 'textEncoder2'

/**
 * Refuses a model that text to image with Stable Diffusion cannot draw with, before anything of it is loaded. Pipelines that are not known by name
 * pass if they have the components of one that is.
 *
 * @throws UnknownSubjectError; what reading the index throws
 */
export function requireTextToImage(model: string, revision: string | undefined): void {
  const index = readModelIndex(model, { revision })
  const { blocksClassName, pipelineClassName } = index
  if (findBlocks(blocksClassName, pipelineClassName) !== undefined) return
  const has = (name: string) => index.keyOf(name) !== undefined
  if (NEEDED.every(has) && !has(FOREIGN)) return
  throw unknownFamily(model, index, 'Give a model of the Stable Diffusion 1 or 2 family.')
}
