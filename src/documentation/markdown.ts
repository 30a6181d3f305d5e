/** Documentation of a block as Markdown: tables of all that its declarations say. */

import { getDeclarations } from '../decorators/declarations'
import { classNameOf } from '../format/class-name'
import type { ComponentSpec } from '../params/component-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { formatValue } from '../state/format-value'
import type { BlockKind, BlockNode } from '../wiring/block-node'
import { conditionText } from '../wiring/branch-conditions'
import { defaultsOf, inputName, loadingFields } from './doc'
import { code, escapeMarkup, markdownTable } from './markdown-text'
import { type OutlineStyle, outlineLines } from './outline'
import { choicesOf, workflowsOf } from './triggers'

/** Options of `blocks.toMarkdown()`. */
export interface MarkdownOptions {
  /** Level of the first heading, so that the text fits into a larger one. Default: 1. */
  level?: number
}

const OUTLINE: OutlineStyle = { name: name => `**${escapeMarkup(name)}**`, className: code, description: escapeMarkup }

const KINDS: Readonly<Record<BlockKind, string>> = {
  leaf: 'a single block',
  sequential: 'a sequence',
  loop: 'a loop',
  conditional: 'a choice by a rule of its own',
  auto: 'a choice by what is given',
}

/** The text of `blocks.toMarkdown()`. */
export function documentAsMarkdown(block: BlockNode, { level = 1 }: MarkdownOptions = {}): string {
  const mark = '#'.repeat(Math.min(Math.max(1, Math.trunc(level)), 5))
  const parts = [`${mark} ${escapeMarkup(classNameOf(block))}`]
  if (block.description.trim()) parts.push(escapeMarkup(block.description.trim()))
  parts.push(notes(block))
  const section = (title: string, headers: readonly string[], rows: readonly (readonly string[])[]) => {
    if (rows.length > 0) parts.push(`${mark}# ${title}`, markdownTable(headers, rows))
  }
  section('Inputs', ['Name', 'Type', 'Default', 'Description'], block.inputs.map(inputRow))
  section('Outputs', ['Name', 'Type', 'Description'], block.outputs.map(outputRow))
  section(
    'Also written into the state',
    ['Name', 'Type', 'Description'],
    block.intermediateOutputs.filter(({ name }) => !block.outputs.some(output => output.name === name)).map(outputRow),
  )
  section(
    'Components',
    ['Name', 'Class', 'How it is made', 'Description'],
    block.expectedComponents.map(spec => [
      code(spec.name),
      `${code(spec.typeName ?? 'any')}${spec.optional ? ' (optional)' : ''}`,
      originOf(spec),
      escapeMarkup(spec.description),
    ]),
  )
  section(
    'Settings',
    ['Name', 'Default', 'Description'],
    block.expectedConfigs.map(spec => [
      code(spec.name),
      code(formatValue(spec.default)),
      escapeMarkup(spec.description),
    ]),
  )
  section(
    'Workflows',
    ['Name', 'Chosen by'],
    (workflowsOf(block) ?? []).map(({ name, spellings }) => [
      code(name),
      spellings.map(inputs => inputs.map(code).join(', ')).join(' or ') || 'the default: needs nothing more',
    ]),
  )
  section(
    'Triggers',
    ['Choice', 'Branch', 'Runs'],
    choicesOf(block).flatMap(({ path, branches }) => {
      const choice = path.length > 0 ? code(path.join(' > ')) : 'the whole'
      return branches.map(({ name, condition }) => [
        choice,
        name === undefined ? 'none of them' : code(name),
        conditionText(condition, code),
      ])
    }),
  )
  const inside = outlineLines(block, OUTLINE)
  if (inside.length > 0) parts.push(`${mark}# Blocks`, inside.join('\n'))
  return `${parts.join('\n\n')}\n`
}

/** Family, version, stability and kind, as far as they are stated. */
function notes(block: BlockNode): string {
  const { version, stability } = getDeclarations(block.constructor).block
  return [
    `Kind: ${KINDS[block.kind]}`,
    block.modelName && `Family: ${code(block.modelName)}`,
    version && `Version: ${escapeMarkup(version)}`,
    stability && `Stability: ${stability}`,
  ]
    .filter(Boolean)
    .join(' · ')
}

function typeText(type: string | undefined, kwargsType: string | undefined, isGroup = false): string {
  const group = kwargsType && !isGroup ? ` in the group ${code(kwargsType)}` : ''
  return `${code(type ?? 'any')}${group}`
}

function inputRow(input: InputParam): string[] {
  const defaults = defaultsOf(input).map(code).join(' or ')
  const remark = input.defaultsByBlock ? ', by the branch that runs' : ''
  const isGroup = input.name === null
  return [
    code(inputName(input)),
    isGroup ? 'all values of the group' : typeText(input.typeHint, input.kwargsType),
    input.required ? '**required**' : `${defaults || 'none'}${remark}`,
    escapeMarkup(input.description),
  ]
}

function outputRow({ name, typeHint, kwargsType, description }: OutputParam): string[] {
  return [code(name), typeText(typeHint, kwargsType), escapeMarkup(description)]
}

function originOf(spec: ComponentSpec): string {
  if (spec.defaultCreationMethod === 'fromConfig') return `from the settings ${code(formatValue(spec.config ?? {}))}`
  const fields = loadingFields(spec).map(([field, value]) => `${field} ${code(value)}`)
  return fields.length > 0 ? `loaded: ${fields.join(', ')}` : 'loaded from the model folder, or registered'
}
