/** Documentation of a block, made from its declarations. Counterpart: make_doc_string of diffusers. */

import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { formatValue } from '../state/format-value'
import type { BlockNode, WorkflowTriggers } from '../wiring/block-node'

const WIDTH = 115
const NO_DESCRIPTION = 'No description.'

/** Packs words into lines; the indent does not count towards the width. */
function wrap(text: string, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  lines.push(line)
  return lines.map(part => indent + part).join('\n')
}

function parameterLines(name: string, details: string, description: string): string {
  return `      ${name} (${details}):\n${wrap(description || NO_DESCRIPTION, ' '.repeat(10))}`
}

/** `*optional*, defaults to 30`: what a caller may leave out. */
function optionality(input: InputParam): string {
  if (input.required) return ''
  const defaults = input.defaultsByBlock && [...new Set(Object.values(input.defaultsByBlock).map(formatValue))]
  if (defaults) return `, *optional*, defaults to ${defaults.join(' or ')}, depending on the workflow`
  return input.default === undefined ? ', *optional*' : `, *optional*, defaults to ${formatValue(input.default)}`
}

function inputLines(input: InputParam): string {
  return parameterLines(
    input.name ?? `**${input.kwargsType}`,
    `\`${input.typeHint ?? 'any'}\`${optionality(input)}`,
    input.description,
  )
}

function outputLines(output: OutputParam): string {
  return parameterLines(output.name, `\`${output.typeHint ?? 'any'}\``, output.description)
}

/** One component on one line, with where it is loaded from. */
export function componentLine(spec: ComponentSpec): string {
  const fields = ['pretrainedModelNameOrPath', 'subfolder', 'variant', 'revision'] as const
  const loading = fields.flatMap(field => (spec[field] ? [`${field}=${spec[field]}`] : []))
  const description = spec.description ? `: ${spec.description}` : ''
  return `${spec.name} (\`${spec.typeHint?.name ?? 'any'}\`)${description}${loading.length > 0 ? ` [${loading.join(', ')}]` : ''}`
}

/** One setting on one line. */
export function configLine(spec: ConfigSpec): string {
  return `${spec.name} (default: ${formatValue(spec.default)})${spec.description ? `: ${spec.description}` : ''}`
}

/** The workflows of a sequence, one bullet each. */
function workflowLines(workflows: Readonly<Record<string, WorkflowTriggers>>): string[] {
  return Object.entries(workflows).map(([name, triggers]) => {
    const spellings: readonly object[] = Array.isArray(triggers) ? triggers : [triggers]
    const texts = spellings.map(spelling =>
      Object.entries(spelling)
        .filter(([, needed]) => needed)
        .map(([input]) => `\`${input}\``)
        .join(', '),
    )
    const needs = texts.filter(Boolean).join(' or ')
    return `  - \`${name}\`: ${needs ? `requires ${needs}` : 'the default, needs nothing more'}`
  })
}

/** The text of `blocks.doc`. */
export function documentBlock(block: BlockNode): string {
  const { workflowMap } = block as { workflowMap?: Readonly<Record<string, WorkflowTriggers>> }
  const description = [
    block.description,
    ...(workflowMap ? ['', 'Supported workflows:', ...workflowLines(workflowMap)] : []),
  ].join('\n')
  const parts = [`class ${block.constructor.name}`]
  if (description.trim())
    parts.push(
      description
        .trim()
        .split('\n')
        .map(line => `  ${line}`.trimEnd())
        .join('\n'),
    )
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) parts.push(`  ${title}:\n${lines.join('\n')}`)
  }
  section(
    'Components',
    block.expectedComponents.map(spec => `      ${componentLine(spec)}`),
  )
  section(
    'Configs',
    block.expectedConfigs.map(spec => `      ${configLine(spec)}`),
  )
  section('Inputs', block.inputs.map(inputLines))
  section('Outputs', block.outputs.map(outputLines))
  return parts.join('\n\n')
}
