/** The pipeline of a model, whichever family that is of. */
import '../blocks/pipeline-families'
import '../components/component-classes'
import '../components/hub/hub-resolver'
import {
  type ComponentsManager,
  ModularPipeline,
  type ModularPipelineBlocks,
  UnknownBlocksError,
  UntrustedCodeError,
} from '../src'
import { nameList } from '../src/errors/text'
import { findBlocksByComponents, standardPipelineNames } from '../src/pipeline/pipeline-families'
import { type ReadIndexOptions, readModelIndex } from '../src/storage/model-index'
import { UnknownSubjectError } from './unknown-subject-error'

/** Further options that choose the pipeline. */
export interface OpenPipelineOptions extends ReadIndexOptions {
  /** Takes those blocks alone that a workflow runs. */
  workflow?: string | undefined
  /** Lets the code of blocks run that come with the model. */
  trustRemoteCode?: boolean | undefined
  /**
   * Recognises a pipeline that is not known by name by its components. Default: false.
   */
  byComponents?: boolean
  /** The blocks to take, instead of those that the index names. */
  blocks?: ModularPipelineBlocks | undefined
  /** Registers the components that are loaded, and manages their memory. */
  componentsManager?: ComponentsManager | undefined
}

/** The pipeline of any blocks. */
export type AnyPipeline = ModularPipeline<ModularPipelineBlocks>

/**
 * Makes the pipeline that the index of a model names; nothing but the index is read.
 *
 * @param subject what the user has named, for errors
 * @param source the folder of the model, or the id of its repository
 * @throws UnknownSubjectError for a model whose blocks are not known, or come as code that is not trusted; ModelIndexError for a folder that holds no model;
 * NoWorkflowsError, UnknownWorkflowError; what fetching the index of a repository throws
 */
export async function openPipeline(
  subject: string,
  source: string,
  { byComponents = false, trustRemoteCode, ...options }: OpenPipelineOptions = {},
): Promise<AnyPipeline> {
  // The code may ask for all of this package.
  if (trustRemoteCode) await import('../index.js')
  try {
    return await ModularPipeline.fromPretrained<ModularPipelineBlocks>(source, { ...options, trustRemoteCode })
  } catch (error) {
    if (error instanceof UntrustedCodeError) {
      const problem = `${error.message} On the command line: --trust-remote-code --revision ${error.refused.revision}`
      throw new UnknownSubjectError(subject, problem, error)
    }
    if (!(error instanceof UnknownBlocksError)) throw error
    const blocks = byComponents ? blocksFor(source, options) : undefined
    if (blocks === undefined) throw unknownFamily(subject, error, byComponents)
    return ModularPipeline.fromPretrained<ModularPipelineBlocks>(source, { ...options, blocks })
  }
}

/** Blocks that need what a model has. */
function blocksFor(source: string, { revision }: OpenPipelineOptions): ModularPipelineBlocks | undefined {
  const index = readModelIndex(source, { revision })
  const type = findBlocksByComponents(name => index.keyOf(name) !== undefined)
  return type && (new type() as ModularPipelineBlocks)
}

/** The error for a model whose index names nothing that is known here. */
function unknownFamily(subject: string, cause: UnknownBlocksError, isToBeRun: boolean): UnknownSubjectError {
  const { blocksClassName, pipelineClassName } = cause
  const maker = [pipelineClassName, blocksClassName && `the blocks ${blocksClassName}`].filter(Boolean).join(' with ')
  const problem = `this model needs ${maker || 'a pipeline that it does not name'}, for which no blocks are registered.`
  const advice = isToBeRun
    ? `Pass a model for one of ${nameList(standardPipelineNames())}.`
    : 'Pass a module that exports blocks for it instead.'
  return new UnknownSubjectError(subject, `${problem} ${advice}`, cause)
}
