/** `toWire`: whether blocks are put together rightly. */

import { type BlockSource, ModularError, PipelineValidationError } from '../../src'
import { toBlock } from '../../src/composition/block-source'
import { classNameOf } from '../../src/format/class-name'
import { heading, type MatcherResult, requireBlock, result } from './matcher'

/** Passes if a pipeline can be made of the blocks; the message lists all that is wrong with them. @throws MatcherUseError */
export function toWire(received: BlockSource): MatcherResult {
  requireBlock('toWire', received)
  const problems: string[] = []
  let name = classNameOf(received)
  try {
    const block = toBlock(received)
    name = classNameOf(block)
    block.validate()
  } catch (error) {
    if (!(error instanceof ModularError)) throw error
    const issues = error instanceof PipelineValidationError ? error.issues : [error]
    problems.push(...issues.map(issue => `[${issue.code}] ${issue.message}`))
  }
  return result(
    problems.length === 0,
    heading('toWire', name),
    `What is wrong:\n${problems.map(problem => `  - ${problem.replaceAll('\n', '\n    ')}`).join('\n')}`,
    'The blocks are put together rightly, but were expected not to be.',
  )
}
