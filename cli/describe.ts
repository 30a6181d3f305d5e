/** `tesserae describe`: what a pipeline takes, gives and is made of. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../components/configs/read-config'
import type { Quantization } from '../components/quantization/quantization-names'
import { isOwnMethod, quantizationSettings, storedQuantization } from '../components/quantization/stored-quantization'
import type { ComponentSpec, ModularPipeline } from '../src'
import { plainValue } from '../src/documentation/describe'
import { documentBlock } from '../src/documentation/doc'
import { code, markdownTable } from '../src/documentation/markdown-text'
import { type OutlineStyle, outlineLines } from '../src/documentation/outline'
import { workflowsOf } from '../src/documentation/triggers'
import { fold } from '../src/documentation/wrap'
import { formatValue } from '../src/state/format-value'
import { loadSubject, type Subject, type SubjectOptions } from './load-subject'
import { print } from './print'

/** Options of the command, as commander gives them. */
export interface DescribeOptions extends SubjectOptions {
  format?: 'text' | 'markdown' | 'json' | 'json-schema'
  /** The same as the format json. */
  json?: boolean
}

/** Prints the documentation of the text-to-image blocks, of a model's pipeline, or of the blocks in a module. */
export async function describe(
  subject: string | undefined,
  { format, json = false, ...which }: DescribeOptions,
): Promise<void> {
  const found = await loadSubject(subject, which)
  if (format === 'json-schema') return print(asJsonSchema(found))
  const write = { text: asText, markdown: asMarkdown, json: asJson }[format ?? (json ? 'json' : 'text')]
  print(write({ ...found, quantized: await quantizedComponents(found.pipe) }))
}

/** What is described, with the quantization of each component whose weights are stored so. */
interface Described extends Subject {
  readonly quantized: ReadonlyMap<string, Quantization>
}

/** Finds the models of a folder whose weights are stored in 8 bits. @throws InvalidConfigError for settings that are not possible */
async function quantizedComponents(pipe: ModularPipeline | undefined): Promise<Described['quantized']> {
  const found = new Map<string, Quantization>()
  for (const spec of pipe ? specsOf(pipe) : []) {
    const place = placeOf(spec)
    // Those of repositories are not fetched for it.
    if (place === null) continue
    const file = join(place, 'config.json')
    if (!existsSync(file)) continue
    const settings = quantizationSettings(await readConfig(place, 'config.json'))
    if (isOwnMethod(settings)) found.set(spec.name, storedQuantization(settings, file))
  }
  return found
}

function asText({ blocks, pipe, quantized }: Described): string {
  const width = terminalWidth()
  const parts = [documentBlock(blocks, width === undefined ? {} : { width: Math.max(20, width - DESCRIPTION_INDENT) })]
  const section = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) parts.push([`  ${title}:`, ...lines].join('\n'))
  }
  section('Blocks', outlineLines(blocks, PLAIN, '      '))
  if (pipe) {
    section(
      'Components of the model',
      specsOf(pipe).map(spec => {
        const facts = [shownClass(spec), originOf(spec, place => `from ${place}`), quantized.get(spec.name)]
        return `      ${spec.name}: ${facts.filter(Boolean).join(', ')}`
      }),
    )
    section(
      'Settings of the model',
      pipelineSettings(pipe).map(([name, value]) => `      ${name} = ${formatValue(value)}`),
    )
  }
  const text = parts.join('\n\n')
  return width === undefined ? text : fold(text, width)
}

/** What the descriptions of inputs and outputs stand behind. */
const DESCRIPTION_INDENT = 10

const asItIs = (text: string) => text
const PLAIN: OutlineStyle = { name: asItIs, className: asItIs, description: asItIs }

/** Columns of the terminal; `undefined` where the text goes into a file or another program. */
function terminalWidth(): number | undefined {
  const columns = process.stdout.columns ?? Number(process.env['COLUMNS'])
  return columns > 0 ? columns : undefined
}

function asMarkdown({ blocks, pipe, quantized }: Described): string {
  if (!pipe) return blocks.toMarkdown().trimEnd()
  const components = specsOf(pipe).map(spec => {
    const origin = [originOf(spec, code), quantized.get(spec.name)].filter(Boolean).join(', ')
    return [code(spec.name), code(shownClass(spec)), origin]
  })
  const settings = pipelineSettings(pipe).map(([name, value]) => [code(name), code(formatValue(value))])
  return [
    blocks.toMarkdown().trimEnd(),
    `## Components of the model\n\n${markdownTable(['Name', 'Class', 'Loaded from'], components)}`,
    ...(settings.length > 0 ? [`## Settings of the model\n\n${markdownTable(['Name', 'Value'], settings)}`] : []),
  ].join('\n\n')
}

function asJson({ blocks, pipe, quantized }: Described): string {
  const model = pipe && {
    components: specsOf(pipe).map(spec => ({
      name: spec.name,
      type: spec.typeName ?? null,
      className: spec.className ?? null,
      creation: spec.defaultCreationMethod,
      loadedFrom: placeOf(spec),
      variant: spec.variant ?? null,
      revision: spec.revision ?? null,
      quantization: quantized.get(spec.name) ?? null,
    })),
    settings: Object.fromEntries(pipelineSettings(pipe).map(([name, value]) => [name, plainValue(value)])),
  }
  return JSON.stringify({ ...blocks.describe(), ...(model && { model }) }, null, 2)
}

/** The schemas of all inputs and outputs, and of those of each workflow that the blocks name. */
function asJsonSchema({ blocks }: Subject): string {
  const names = workflowsOf(blocks)?.map(({ name }) => name)
  const workflows = names && Object.fromEntries(names.map(name => [name, blocks.jsonSchema({ workflow: name })]))
  return JSON.stringify({ ...blocks.jsonSchema(), ...(workflows && { workflows }) }, null, 2)
}

function specsOf(pipe: ModularPipeline): ComponentSpec[] {
  const names = new Set(pipe.blocks.expectedComponents.map(spec => spec.name))
  return [...names].flatMap(name => pipe.getComponentSpec(name) ?? [])
}

function pipelineSettings(pipe: ModularPipeline): [name: string, value: unknown][] {
  return Object.entries(pipe.config)
}

/** Folder that a component is loaded from; `null` for one that is made from settings, or registered. */
function placeOf({ defaultCreationMethod, pretrainedModelNameOrPath, subfolder }: ComponentSpec): string | null {
  if (defaultCreationMethod === 'fromConfig' || pretrainedModelNameOrPath === undefined) return null
  return [pretrainedModelNameOrPath, subfolder].filter(Boolean).join('/')
}

/** The class that the model names, which may be a special one of that which the blocks ask for. */
function shownClass({ className, typeName }: ComponentSpec): string {
  return className ?? typeName ?? 'any'
}

/** Where a component comes from, in words. */
function originOf(spec: ComponentSpec, show: (place: string) => string): string {
  const place = placeOf(spec)
  if (place !== null) return show(place)
  return spec.defaultCreationMethod === 'fromConfig' ? 'made from its settings' : 'not in the model'
}
