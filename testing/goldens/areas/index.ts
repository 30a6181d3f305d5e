/** The areas of the goldens. */
import type { Area } from './area'
import { checkBlocksCase } from './blocks'
import { checkGuidersCase } from './guiders'
import { checkImagesCase } from './images'
import { checkModelsCase } from './models'
import { checkPipelineRun, pipelineRuns } from './pipelines'
import { checkQuantised, quantisedParts } from './quantised'
import { checkRngCase } from './rng'
import { checkSchedulersCase } from './schedulers'
import { checkSingleFile, singleFiles } from './single-file'
import { checkTokenizerCase } from './tokenizer'

/** Area → its checks. */
export const areas: Readonly<Record<string, Area>> = {
  blocks: { check: checkBlocksCase },
  rng: { check: checkRngCase },
  tokenizer: { check: checkTokenizerCase },
  schedulers: { check: checkSchedulersCase },
  guiders: { check: checkGuidersCase },
  images: { check: checkImagesCase },
  models: { check: checkModelsCase },
  single_file: { partsOf: singleFiles, check: checkSingleFile },
  quantised: { partsOf: quantisedParts, check: checkQuantised },
  pipelines: { partsOf: pipelineRuns, check: checkPipelineRun },
}
