/** What a block has written, for those who watch the run. */
import type { BlockNode } from '../wiring/block-node'

/** The values of a block's outputs that exist, by name. */
export function writtenValues(block: BlockNode, lookUp: (name: string) => unknown): Readonly<Record<string, unknown>> {
  const values = block.intermediateOutputNames.map(name => [name, lookUp(name)] as const)
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}
