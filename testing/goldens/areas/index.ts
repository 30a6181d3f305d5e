/** The areas of the goldens. */
import type { CheckCase } from './area'
import { checkBlocksCase } from './blocks'

/** Area → its check. */
export const areas: Readonly<Record<string, CheckCase>> = {
  blocks: checkBlocksCase,
}
