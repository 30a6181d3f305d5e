/** `toRequireInputs`: what must be passed to blocks. */

import type { BlockSource } from '../../src'
import { toBlock } from '../../src/composition/block-source'
import { classNameOf } from '../../src/format/class-name'
import { heading, type MatcherResult, quoted, requireBlock, requireNames, result } from './matcher'

/** Passes if the inputs that a caller must pass are exactly these, in any order. What an earlier block writes need not be passed. @throws MatcherUseError */
export function toRequireInputs(received: BlockSource, expected: readonly string[]): MatcherResult {
  requireBlock('toRequireInputs', received)
  requireNames('toRequireInputs', expected)
  const block = toBlock(received)
  const required = new Set(block.inputs.flatMap(input => (input.required && input.name !== null ? [input.name] : [])))
  const missing = expected.filter(name => !required.has(name))
  const others = [...required].filter(name => !expected.includes(name))
  const lines = [
    `It requires: ${quoted(required)}`,
    ...missing.map(name => {
      if (block.inputNames.includes(name)) return `  - "${name}" is an input, but not a required one`
      const written = block.intermediateOutputNames.includes(name) ? ', but an output' : ''
      return `  - "${name}" is not an input${written}`
    }),
    ...others.map(name => `  - "${name}" is required, but was not expected to be`),
  ]
  return result(
    missing.length === 0 && others.length === 0,
    heading('toRequireInputs', classNameOf(block), `[${quoted(expected)}]`),
    lines.join('\n'),
    'It requires exactly these inputs, but was expected not to.',
  )
}
