/** The areas of the goldens. */
import type { CheckCase } from './area'
import { checkBlocksCase } from './blocks'
import { checkModelsCase } from './models'
import { checkRngCase } from './rng'
import { checkTokenizerCase } from './tokenizer'

/** Area → its check. */
export const areas: Readonly<Record<string, CheckCase>> = {
  blocks: checkBlocksCase,
  rng: checkRngCase,
  tokenizer: checkTokenizerCase,
  models: checkModelsCase,
}
