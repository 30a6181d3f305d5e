/** `toProduceOutputs`: what blocks write. */

import type { BlockSource } from '../../src'
import { toBlock } from '../../src/composition/block-source'
import { nearestName } from '../../src/errors/nearest-name'
import { classNameOf } from '../../src/format/class-name'
import { heading, type MatcherResult, quoted, requireBlock, requireNames, result } from './matcher'

/** Passes if the blocks write all of these; they may write others, too. @throws MatcherUseError */
export function toProduceOutputs(received: BlockSource, expected: readonly string[]): MatcherResult {
  requireBlock('toProduceOutputs', received)
  requireNames('toProduceOutputs', expected)
  const block = toBlock(received)
  const written = block.intermediateOutputNames
  const missing = expected.filter(name => !written.includes(name))
  const lines = missing.map(name => {
    const nearest = nearestName(name, written)
    return `  - "${name}" is not written${nearest ? `; did you mean "${nearest}"?` : ''}`
  })
  return result(
    missing.length === 0,
    heading('toProduceOutputs', classNameOf(block), `[${quoted(expected)}]`),
    [`It writes: ${quoted(written)}`, ...lines].join('\n'),
    'It writes all of these, but was expected not to.',
  )
}
