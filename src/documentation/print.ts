/** A block as text for a terminal: what it is made of. Counterpart: the __repr__ of diffusers' blocks. */
import { classNameOf } from '../format/class-name'
import type { BlockNode } from '../wiring/block-node'
import { isConditional } from '../wiring/blocks'
import { componentLine, configLine } from './doc'
import { triggersOf } from './triggers'

const RULE = '='.repeat(100)

function triggerBanner(block: BlockNode): string[] {
  const hasWorkflows = (block as { workflowMap?: object }).workflowMap !== undefined
  const triggers = block.kind === 'loop' || hasWorkflows ? [] : [...triggersOf(block)].sort()
  if (triggers.length === 0) return []
  const advice =
    block.kind === 'sequential'
      ? [`  See which blocks an input chooses: blocks.getExecutionBlocks({ ${triggers[0]}: true })`]
      : []
  return [RULE, `  Trigger inputs: ${triggers.join(', ')}`, ...advice, RULE]
}

function partLines(block: BlockNode): string[] {
  const byDefault = isConditional(block) ? block.defaultBlockName : undefined
  return [...block.subBlocks].flatMap(([name, part], i) => {
    const mark = isConditional(block) ? '•' : `[${i}]`
    const head = `    ${mark} ${name}${name === byDefault ? ' [default]' : ''} (${classNameOf(part)})`
    const description = part.description.split('\n').map(line => `       ${line}`)
    return part.description ? [head, ...description] : [head]
  })
}

/** The text of `blocks.toString()`. */
export function printBlock(block: BlockNode): string {
  const section = (title: string, lines: readonly string[]) => (lines.length > 0 ? [`  ${title}:`, ...lines] : [])
  const parent = Object.getPrototypeOf(block.constructor) as object
  return [
    `${classNameOf(block)}(`,
    `  Class: ${classNameOf(parent)}`,
    ...triggerBanner(block),
    ...section('Description', block.description ? block.description.split('\n').map(line => `    ${line}`) : []),
    ...section(
      'Components',
      block.expectedComponents.map(spec => `    ${componentLine(spec)}`),
    ),
    ...section(
      'Configs',
      block.expectedConfigs.map(spec => `    ${configLine(spec)}`),
    ),
    ...section('Inputs', block.subBlocks.size === 0 ? block.inputs.map(input => `    ${input}`) : []),
    ...section('Outputs', block.subBlocks.size === 0 ? block.outputs.map(output => `    ${output}`) : []),
    ...section('Sub-Blocks', partLines(block)),
    ')',
  ].join('\n')
}
