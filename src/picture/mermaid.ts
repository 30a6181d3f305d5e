/** A picture of blocks as Mermaid text, which GitHub and many editors draw. */
import type { BlockNode } from '../wiring/block-node'
import { type PictureBox, type PictureLink, type PictureOptions, type PicturePort, pictureOf } from './picture'

const STYLES = [
  'classDef unsatisfied fill:#fde8e8,stroke:#c81e1e,color:#9b1c1c,stroke-width:2px',
  'classDef port fill:#e1effe,stroke:#1c64f2,color:#1e429f',
  'classDef idle opacity:0.35',
]

/** The text of `blocks.toMermaid()`. */
export function drawMermaid(blocks: BlockNode, options: PictureOptions = {}): string {
  const { root, inputs, outputs, links } = pictureOf(blocks, options)
  const frames = framesOf(root)
  const isInside = (inner: string, outer: string) => frames.get(inner)?.has(outer) === true
  // Mermaid draws no line between a frame and what is inside it.
  const bundles = bundle(links.filter(({ from, to }) => !isInside(from, to) && !isInside(to, from)))
  return [
    'flowchart TD',
    ...boxLines(root, '  '),
    ...[...inputs, ...outputs].map(portLine),
    ...bundles.map(bundleLine),
    ...STYLES.map(style => `  ${style}`),
    ...redLinks(bundles),
    '',
  ].join('\n')
}

/** The frames around each box, by id. */
function framesOf(box: PictureBox, around: readonly string[] = []): Map<string, ReadonlySet<string>> {
  const inside = box.parts.flatMap(part => [...framesOf(part, [...around, box.id])])
  return new Map([[box.id, new Set(around)], ...inside])
}

/** Text between quotes: what Mermaid, also for its comments and settings, or HTML would read as markup is given by its number. */
function label(...lines: readonly string[]): string {
  const escaped = lines
    .filter(Boolean)
    .map(line => line.replace(/\s+/g, ' ').replace(/[#&"<>`|;\\%]/g, char => `#${char.charCodeAt(0)};`))
  return `"${escaped.join('<br/>')}"`
}

function boxLines(box: PictureBox, indent: string): string[] {
  const { id, title, className, condition, chips, notes, idle, kind } = box
  const missing = notes.filter(note => note.missing)
  const components = chips.length > 0 ? `⚙ ${chips.map(chip => chip.name).join(', ')}` : ''
  const texts = [
    title,
    className,
    condition ?? '',
    components,
    ...notes.filter(note => note.required).map(note => `${note.missing ? '✗ ' : ''}${note.text}`),
  ]
  const marks = [
    ...(missing.length > 0 ? [`${indent}class ${id} unsatisfied`] : []),
    ...(idle ? [`${indent}class ${id} idle`] : []),
  ]
  if (kind === 'leaf') return [`${indent}${id}[${label(...texts)}]`, ...marks]
  const inside = box.parts.flatMap(part => boxLines(part, `${indent}  `))
  return [`${indent}subgraph ${id} [${label(texts.filter(Boolean).join(' · '))}]`, ...inside, `${indent}end`, ...marks]
}

function portLine({ id, name, type, missing }: PicturePort): string {
  return `  ${id}([${label(`${name}: ${type}`)}]):::${missing ? 'unsatisfied' : 'port'}`
}

/** All that flows from one box to another. */
interface Bundle {
  readonly from: string
  readonly to: string
  readonly carried: boolean
  readonly missing: boolean
  readonly values: string[]
}

function bundle(links: readonly PictureLink[]): Bundle[] {
  const bundles = new Map<string, Bundle>()
  for (const { from, to, carried, missing, name, type } of links) {
    const key = `${from} ${to} ${carried}`
    const known = bundles.get(key) ?? { from, to, carried, missing, values: [] }
    known.values.push(`${name}: ${type}`)
    bundles.set(key, known)
  }
  return [...bundles.values()]
}

function bundleLine({ from, to, carried, values }: Bundle): string {
  return `  ${from} ${carried ? '-.->' : '-->'}|${label(...values)}| ${to}`
}

function redLinks(bundles: readonly Bundle[]): string[] {
  const red = bundles.flatMap(({ missing }, i) => (missing ? [i] : []))
  return red.length > 0 ? [`  linkStyle ${red.join(',')} stroke:#c81e1e,color:#9b1c1c`] : []
}
