/** Documentation of a block, made from its declarations. Counterpart: make_doc_string of diffusers. */

import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { formatValue } from '../state/format-value'
import type { BlockNode } from '../wiring/block-node'
import { type WorkflowDescription, workflowsOf } from './triggers'

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

/** What stands in for an absent value: nothing, one default, or several, of which the branch that runs has its own. */
export function defaultsOf({ defaultsByBlock, default: value }: InputParam): string[] {
  if (defaultsByBlock === undefined) return value === undefined ? [] : [formatValue(value)]
  const isNone = (branchDefault: unknown) => branchDefault === undefined || branchDefault === null
  return [...new Set(Object.values(defaultsByBlock).map(each => (isNone(each) ? 'none' : formatValue(each))))]
}

/** `*optional*, defaults to 30`: what a caller may leave out. */
export function optionality(input: InputParam, show = (value: string) => value): string {
  if (input.required) return ''
  const defaults = defaultsOf(input).map(show)
  if (defaults.length === 0) return ', *optional*'
  const remark = input.defaultsByBlock ? ', depending on the workflow' : ''
  return `, *optional*, defaults to ${defaults.join(' or ')}${remark}`
}

/** The name of an input; that of a group stands behind two stars. */
export function inputName({ name, kwargsType }: InputParam): string {
  return name ?? `**${kwargsType}`
}

function inputLines(input: InputParam): string {
  return parameterLines(inputName(input), `\`${input.typeHint ?? 'any'}\`${optionality(input)}`, input.description)
}

function outputLines(output: OutputParam): string {
  return parameterLines(output.name, `\`${output.typeHint ?? 'any'}\``, output.description)
}

/** What says where a component is loaded from, as far as it is stated. */
export function loadingFields(spec: ComponentSpec): [field: string, value: string][] {
  const fields = ['pretrainedModelNameOrPath', 'subfolder', 'variant', 'revision'] as const
  return fields.flatMap(field => (spec[field] ? [[field, spec[field]] as [string, string]] : []))
}

/** One component on one line, with where it is loaded from. */
export function componentLine(spec: ComponentSpec): string {
  const loading = loadingFields(spec).map(([field, value]) => `${field}=${value}`)
  const description = spec.description ? `: ${spec.description}` : ''
  return `${spec.name} (\`${spec.typeHint?.name ?? 'any'}\`)${description}${loading.length > 0 ? ` [${loading.join(', ')}]` : ''}`
}

/** One setting on one line. */
export function configLine(spec: ConfigSpec): string {
  return `${spec.name} (default: ${formatValue(spec.default)})${spec.description ? `: ${spec.description}` : ''}`
}

/** The workflows of a sequence, one bullet each. */
function workflowLines(workflows: readonly WorkflowDescription[]): string[] {
  return workflows.map(({ name, spellings }) => {
    const needs = spellings.map(inputs => inputs.map(input => `\`${input}\``).join(', ')).join(' or ')
    return `  - \`${name}\`: ${needs ? `requires ${needs}` : 'the default, needs nothing more'}`
  })
}

/** The text of `blocks.doc`. */
export function documentBlock(block: BlockNode): string {
  const workflows = workflowsOf(block)
  const description = [
    block.description,
    ...(workflows ? ['', 'Supported workflows:', ...workflowLines(workflows)] : []),
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
