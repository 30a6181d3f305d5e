/** Finds the transformer blocks of a model. Counterpart: the fqn of hooks/layer_skip.py */
import { classNameOf } from '../../../src/format/class-name'
import type { Module } from '../../nn/module'
import { ModelHookError } from './model-hook-error'

/** A block of a stack. */
export interface StackedBlock {
  /** State-dict name. */
  readonly name: string
  readonly module: Module
}

/** The stacks that `auto` stands for, the first of which a model has. Of a UNet that is its middle, as in the papers. */
const AUTO_STACKS = [
  'blocks',
  'transformer_blocks',
  'single_transformer_blocks',
  'layers',
  'visual_transformer_blocks',
  'mid_block.attentions.0.transformer_blocks',
]

/**
 * Returns blocks of a stack by their indices.
 *
 * @param stack state-dict name of the list, or `auto`
 * @throws ModelHookError if the model has no such stack, or the stack none of these blocks
 */
export function stackedBlocks(model: Module, stack: string, indices: readonly number[]): StackedBlock[] {
  const refuse = (problem: string) => new ModelHookError(classNameOf(model), `the stack "${stack}"`, problem)
  const stacks = stacksOf(model)
  const blocks = stack === 'auto' ? AUTO_STACKS.map(name => stacks.get(name)).find(Boolean) : stacks.get(stack)
  if (blocks === undefined) {
    const transformers = [...stacks.keys()].filter(name => name.endsWith('transformer_blocks'))
    const known = (transformers.length > 0 ? transformers : [...stacks.keys()]).join(', ')
    throw refuse(`is not a part of the model${known === '' ? ', which has none' : `; there are ${known}`}`)
  }
  const found = blocks.filter((_, index) => indices.includes(index))
  if (found.length === 0) {
    throw refuse(`has the blocks 0 to ${blocks.length - 1}, and none of ${indices.join(', ')}`)
  }
  return found
}

/** The lists of modules in a model, by their state-dict names. */
function stacksOf(model: Module): Map<string, StackedBlock[]> {
  const stacks = new Map<string, StackedBlock[]>()
  for (const [name, module] of model.namedModules()) {
    const [, stack, index] = /^(.+)\.(\d+)$/.exec(name) ?? []
    if (stack === undefined) continue
    const blocks = stacks.get(stack) ?? []
    blocks[Number(index)] = { name, module }
    stacks.set(stack, blocks)
  }
  return stacks
}
