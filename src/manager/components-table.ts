/** The components of a manager as text. Counterpart: ComponentsManager.__repr__ of diffusers. */
import { printable } from '../errors/printable'
import { formatBytes } from '../format/byte-size'
import { CONFIG_LOAD_ID } from '../params/load-ids'
import type { ComponentInfo } from './model-info'

/** What is printed of a component. */
export interface TableEntry extends ComponentInfo {
  /** Names of its collections. */
  readonly collections: readonly string[]
}

/** A column, with a text for each component, of as many lines as it needs. */
interface Column {
  readonly title: string
  /** Characters below which a column is not cut; those that are never cut need none. */
  readonly least?: number
  readonly text: (entry: TableEntry) => readonly string[]
}

const NOTHING = 'N/A'
const GAP = '  '

/**
 * The order in which columns are cut where the table is too wide, and left out where that is not enough: columns whose
 * content is printed elsewhere come first. Ids
 * stay whole, as they are what one acts by.
 */
const CUT_ORDER = ['Load ID', 'Collection', 'Class', 'Device']

const collection: Column = {
  title: 'Collection',
  least: 10,
  text: ({ collections }) => (collections.length > 0 ? collections : [NOTHING]),
}

const className: Column = { title: 'Class', least: 12, text: info => [info.className] }

const modelColumns: readonly Column[] = [
  { title: 'Name_ID', text: info => [info.modelId] },
  className,
  { title: 'Device', least: 10, text: info => [deviceOf(info)] },
  { title: 'Dtype', text: info => [info.dtype ?? NOTHING] },
  { title: 'Size', text: info => [formatBytes(info.bytes ?? 0)] },
  { title: 'Load ID', least: 10, text: info => [loadIdText(info)] },
  collection,
]

const otherColumns: readonly Column[] = [
  { title: 'ID', text: info => [info.modelId] },
  className,
  { title: 'Load ID', least: 10, text: info => [loadIdText(info)] },
  collection,
]

/** Two tables, of models and of all others, no wider than `width` where that can be; then what there is to say of single models. */
export function componentsTable(infos: readonly TableEntry[], width: number): string {
  if (infos.length === 0) {
    const line = '='.repeat(50)
    return ['Components:', line, 'No components registered.', line].join('\n')
  }
  const models = infos.filter(({ bytes }) => bytes !== undefined)
  const others = infos.filter(({ bytes }) => bytes === undefined)
  const modelLines = tableOf(modelColumns, models, width)
  const otherLines = tableOf(otherColumns, others, width)
  const wide = Math.max(0, ...[...modelLines, ...otherLines].map(line => line.length))
  const ruled = (title: string, [head = '', ...rows]: string[]) => {
    const rule = '-'.repeat(wide)
    return [title, rule, head, rule, ...rows, rule]
  }
  const sections = [
    ...(models.length > 0 ? [ruled('Models:', modelLines)] : []),
    ...(others.length > 0 ? [ruled('Other Components:', otherLines)] : []),
  ]
  const notes = infos.flatMap(notesOn)
  const text = ['Components:', '='.repeat(wide), sections.map(lines => lines.join('\n')).join('\n\n')]
  if (notes.length > 0) text.push('', 'Additional Component Info:', '='.repeat(50), ...notes)
  return text.join('\n')
}

/** The head of a table and its rows. */
function tableOf(columns: readonly Column[], infos: readonly TableEntry[], width: number): string[] {
  if (infos.length === 0) return []
  const texts = infos.map(info => columns.map(column => column.text(info).map(onOneLine)))
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...texts.flatMap(row => (row[i] ?? []).map(text => text.length))),
  )
  if (!narrow(columns, widths, width)) {
    const dropped = CUT_ORDER.find(title => columns.some(column => column.title === title))
    const left = columns.filter(({ title }) => title !== dropped)
    if (left.length < columns.length) return tableOf(left, infos, width)
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cut(cell, widths[i] as number).padEnd(widths[i] as number))
      .join(GAP)
      .trimEnd()
  const rows = texts.flatMap(row => {
    const height = Math.max(...row.map(cell => cell.length))
    return Array.from({ length: height }, (_, i) => line(row.map(cell => cell[i] ?? '')))
  })
  return [line(columns.map(({ title }) => title)), ...rows]
}

/** Makes columns narrower until the table is as wide as it may be; whether that could be. */
function narrow(columns: readonly Column[], widths: number[], width: number): boolean {
  const total = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1))
  for (const title of CUT_ORDER) {
    const i = columns.findIndex(column => column.title === title)
    const column = columns[i]
    if (column === undefined) continue
    const least = Math.min(widths[i] as number, Math.max(column.least ?? 0, title.length))
    widths[i] = Math.max(least, (widths[i] as number) - Math.max(0, total() - width))
  }
  return total() <= width
}

/** A text on one line. */
function onOneLine(text: string): string {
  return printable(text.replace(/\p{Cc}+/gu, ' '))
}

/** Leaves out the middle of what is too long: its end tells more than that. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text
  const end = Math.ceil((width - 1) / 2)
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`
}

/** Where the weights are, and in brackets where they would have to be for a call if that is elsewhere. */
function deviceOf({ residentBytes = 0, bytes = 0, executionDevice = NOTHING }: ComponentInfo): string {
  return residentBytes > 0 || bytes === 0 ? executionDevice : `file(${executionDevice})`
}

/** The load id without the fields at its end that say nothing. */
function loadIdText({ loadId }: ComponentInfo): string {
  return loadId === null || loadId === CONFIG_LOAD_ID ? NOTHING : loadId.replace(/(\|null)+$/, '')
}

const STAYS = {
  pinned: 'Stays in memory: pinned',
  'no file': 'Stays in memory: has no file that it could come back from',
} as const

function notesOn({ modelId, stays, adapters, ipAdapter, quantization }: ComponentInfo): string[] {
  const notes = [
    ...(stays ? [STAYS[stays]] : []),
    ...(adapters ? [`Adapters: ${adapters.join(', ')}`] : []),
    ...(ipAdapter ? ['IP-Adapter: Enabled'] : []),
    ...(quantization ? [`Quantization: ${JSON.stringify(quantization)}`] : []),
  ]
  return notes.length === 0 ? [] : [`${modelId}:`, ...notes.map(note => `  ${note}`)]
}
