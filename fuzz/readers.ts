/** The readers of files of unknown origin, each with inputs that are nearly right. */
import type { Reader } from './reader'
import { adapterReaders } from './readers/adapter-readers'
import { hubReaders } from './readers/hub-readers'
import { imageReaders } from './readers/image-readers'
import { modelReaders } from './readers/model-readers'
import { pipelineReaders } from './readers/pipeline-readers'
import { schedulerReaders } from './readers/scheduler-readers'
import { stateReaders } from './readers/state-readers'
import { tokenizerReaders } from './readers/tokenizer-readers'
import { weightReaders } from './readers/weight-readers'

/** Every reader. */
export const READERS: readonly Reader<unknown>[] = [
  ...weightReaders,
  ...modelReaders,
  ...adapterReaders,
  ...stateReaders,
  ...tokenizerReaders,
  ...schedulerReaders,
  ...pipelineReaders,
  ...imageReaders,
  ...hubReaders,
]
