/** The files and repositories of a pipeline: how it is found there, and saved. */
export { findPipelineParts } from '../storage/find-pipeline-parts'
export { readModelIndex } from '../storage/model-index'
export { pushPipeline, savePipeline } from '../storage/save-pretrained'
