export {
  noFiles as findPipelineParts,
  noFiles as pushPipeline,
  noFiles as readModelIndex,
  noFiles as savePipeline,
} from '../no-files'
