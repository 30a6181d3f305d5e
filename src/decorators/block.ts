/** `@Block`: says what a block is. */
import { type BlockOptions, declareBlock } from './declarations'

/** Describes a block class: `@Block({ description: 'Adds one to x.' })`. Not needed for a block to work; its docs need it. */
export function Block(options: BlockOptions = {}): (type: abstract new (...args: never[]) => unknown) => void {
  return type => declareBlock(type, options)
}
