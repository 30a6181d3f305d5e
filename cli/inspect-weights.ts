/** `tesserae inspect FILE.safetensors` or `FILE.gguf`: what a file of weights is. */

import {
  componentLabel,
  describeWeights,
  type WeightSummary,
  type WeightsDescription,
} from '../components/single-file/describe-weights'
import { printableName } from '../src/errors/printable'
import { print } from './print'

/** The longest text of a writer that is printed; `--json` prints all of it. */
const LONGEST_VALUE = 160

/** Columns of the names. */
const NAME_WIDTH = 19

/** Prints what a file is; nothing but its header is read. */
export async function inspectWeights(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const description = await describeWeights(file)
  if (json) return print(JSON.stringify(description, null, 2))
  for (const [name, value] of linesOf(description)) print(`${name.padEnd(NAME_WIDTH)} ${value}`)
  const { metadata } = description
  for (const [key, value] of Object.entries(metadata)) {
    print(`  ${printableName(key)}: ${printableName(value, LONGEST_VALUE)}`)
  }
}

function linesOf(description: WeightsDescription): [name: string, value: string][] {
  const { label, family, isInpainting, components, hasEma, lora, advice, resembles, metadata } = description
  const lines: [string, string | undefined][] = [
    ['kind', label],
    ['family', family && family !== label ? `${family}${isInpainting ? ' inpainting' : ''}` : undefined],
    ...components.map((component): [string, string] => [componentLabel(component), summaryOf(component)]),
    ['all', summaryOf(description)],
    ['averaged (EMA)', hasEma ? 'yes' : undefined],
    ['method', lora?.methods.join(', ')],
    ['rank', lora && lora.ranks.length > 0 ? lora.ranks.join(', ') : undefined],
    ...Object.entries(lora?.layers ?? {}).map(([component, count]): [string, string] => [component, `${count} layers`]),
    ['resembles', resembles?.length === 0 ? 'nothing that is known' : resembles?.join('; ')],
    ['advice', advice],
    ['metadata', Object.keys(metadata).length === 0 ? 'none' : countText(Object.keys(metadata).length)],
  ]
  return lines.filter((line): line is [string, string] => line[1] !== undefined)
}

function summaryOf({ tensors, parameters, bytes, precision }: WeightSummary): string {
  const millions = parameters >= 1e6 ? `${(parameters / 1e6).toFixed(0)} million` : String(parameters)
  return `${tensors} tensors, ${millions} parameters, ${precision.join(' and ')}, ${sizeText(bytes)}`
}

function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`
}

function countText(entries: number): string {
  return entries === 1 ? '1 entry' : `${entries} entries`
}
