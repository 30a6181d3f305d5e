/** Documentation of a block, made from its declarations. Counterpart: make_doc_string of diffusers. */
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { formatValue } from '../state/format-value'
import type { BlockNode } from '../wiring/block-node'
import { conditionText } from '../wiring/branch-conditions'
import { type ChoiceDescription, choicesOf, type WorkflowDescription, workflowsOf } from './triggers'
import { wrap } from './wrap'

// As in the reference.
const WIDTH = 115
const NO_DESCRIPTION = 'No description.'

/** Options of {@link documentBlock}. */
export interface DocOptions {
  /** Longest line of a description, its indent not counted. Default: 115 characters. */
  width?: number
}

/** A name, and what it is for. */
type Entry = readonly [head: string, description: string]

/** What replaces an absent value: nothing, one default, or several, one for each branch. */
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

function inputEntry(input: InputParam): Entry {
  return [`${inputName(input)} (\`${input.typeHint ?? 'any'}\`${optionality(input)})`, input.description]
}

function outputEntry(output: OutputParam): Entry {
  return [`${output.name} (\`${output.typeHint ?? 'any'}\`)`, output.description]
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
  return `${spec.name} (\`${spec.typeName ?? 'any'}\`${spec.optional ? ', *optional*' : ''})${description}${loading.length > 0 ? ` [${loading.join(', ')}]` : ''}`
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

/** A choice on one line: what is written in code marks is a name. */
function choiceLine({ path, branches }: ChoiceDescription): string {
  const mark = (name: string) => `\`${name}\``
  const cases = branches.map(
    ({ name, condition }) => `${name === undefined ? 'none' : mark(name)} ${conditionText(condition, mark)}`,
  )
  return `      ${path.join(' > ') || 'the whole'}: ${cases.join('; ')}`
}

/** The text of `blocks.doc`. */
export function documentBlock(block: BlockNode, { width = WIDTH }: DocOptions = {}): string {
  const workflows = workflowsOf(block)
  const description = [
    block.description,
    ...(workflows ? ['', 'Supported workflows:', ...workflowLines(workflows)] : []),
  ].join('\n')
  const parts = [`class ${classNameOf(block)}`]
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
  const entryLines = ([head, text]: Entry) => `      ${head}:\n${wrap(text || NO_DESCRIPTION, ' '.repeat(10), width)}`
  section(
    'Inputs',
    block.inputs.map(input => entryLines(inputEntry(input))),
  )
  section(
    'Outputs',
    block.outputs.map(output => entryLines(outputEntry(output))),
  )
  section('Triggers', choicesOf(block).map(choiceLine))
  return parts.join('\n\n')
}
