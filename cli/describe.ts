/** `tesserae describe`: what a pipeline takes, gives and is made of. */
import type { ComponentSpec, ModularPipeline } from '../src'
import { componentLine } from '../src/documentation/doc'
import { code, table } from '../src/documentation/markdown-text'
import { formatValue } from '../src/state/format-value'
import { loadSubject, type Subject } from './load-subject'

/** Options of the command, as commander gives them. */
export interface DescribeOptions {
  format?: 'text' | 'markdown' | 'json'
  /** The same as the format json. */
  json?: boolean
}

/** Prints the documentation of the text-to-image blocks, of a model's pipeline, or of the blocks in a module. */
export async function describe(subject: string | undefined, { format, json = false }: DescribeOptions): Promise<void> {
  const found = await loadSubject(subject)
  const print = { text: asText, markdown: asMarkdown, json: asJson }[format ?? (json ? 'json' : 'text')]
  console.log(print(found))
}

function asText({ blocks, pipe }: Subject): string {
  const parts = [blocks.doc, String(blocks)]
  if (pipe) {
    const settings = settingsOf(pipe).map(([name, value]) => `  ${name} = ${formatValue(value)}`)
    const components = specsOf(pipe).map(spec => `  ${componentLine(spec)}${classNote(spec)}`)
    parts.push(['Components of the model:', ...components].join('\n'))
    if (settings.length > 0) parts.push(['Settings of the model:', ...settings].join('\n'))
  }
  return parts.join('\n\n')
}

function asMarkdown({ blocks, pipe }: Subject): string {
  if (!pipe) return blocks.toMarkdown().trimEnd()
  const components = specsOf(pipe).map(spec => [
    code(spec.name),
    code(spec.className ?? spec.typeHint?.name ?? 'any'),
    placeOf(spec) === null ? 'made from its settings' : code(placeOf(spec) as string),
  ])
  const settings = settingsOf(pipe).map(([name, value]) => [code(name), code(formatValue(value))])
  return [
    blocks.toMarkdown().trimEnd(),
    `## Components of the model\n\n${table(['Name', 'Class', 'Loaded from'], components)}`,
    ...(settings.length > 0 ? [`## Settings of the model\n\n${table(['Name', 'Value'], settings)}`] : []),
  ].join('\n\n')
}

function asJson({ blocks, pipe }: Subject): string {
  const model = pipe && {
    components: specsOf(pipe).map(spec => ({
      name: spec.name,
      type: spec.typeHint?.name ?? null,
      className: spec.className ?? null,
      creation: spec.defaultCreationMethod,
      loadedFrom: placeOf(spec),
      variant: spec.variant ?? null,
      revision: spec.revision ?? null,
    })),
    settings: Object.fromEntries(settingsOf(pipe)),
  }
  return JSON.stringify({ ...blocks.describe(), ...(model && { model }) }, null, 2)
}

function specsOf(pipe: ModularPipeline): ComponentSpec[] {
  const names = new Set(pipe.blocks.expectedComponents.map(spec => spec.name))
  return [...names].flatMap(name => pipe.getComponentSpec(name) ?? [])
}

function settingsOf(pipe: ModularPipeline): [name: string, value: unknown][] {
  return Object.entries(pipe.config)
}

/** Folder that a component is loaded from; `null` for one that is made from settings, or registered. */
function placeOf({ defaultCreationMethod, pretrainedModelNameOrPath, subfolder }: ComponentSpec): string | null {
  if (defaultCreationMethod === 'fromConfig' || pretrainedModelNameOrPath === undefined) return null
  return [pretrainedModelNameOrPath, subfolder].filter(Boolean).join('/')
}

/** The class that the model names, where it is another than the blocks ask for. */
function classNote({ className, typeHint }: ComponentSpec): string {
  return className === undefined || className === typeHint?.name ? '' : `, here a ${className}`
}
