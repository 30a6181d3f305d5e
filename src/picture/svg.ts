/** A picture of blocks as an SVG file. */
import { classNameOf } from '../format/class-name'
import type { BlockNode } from '../wiring/block-node'
import { type BlockHolder, treeOf } from '../wiring/blocks'
import { FONT_SIZE } from './font-size'
import { layOut } from './layout'
import { type Picture, type PictureOptions, pictureOf } from './picture'
import type { PlacedBox, PlacedEdge, PlacedPicture, PlacedPort, PlacedText } from './placed-picture'
import { svgStyle } from './svg-style'
import { textWidth } from './text-width'

/** Options of {@link drawSvg}. */
export interface SvgOptions extends PictureOptions {
  /** Title, for those who cannot see the picture and for the browser's tab. Default: the name of the outermost block's class. */
  title?: string
  /** Marks the group of each block with its path, as a list in JSON in `data-path`: pages find blocks by it. Default: false. */
  marksPaths?: boolean
}

/**
 * Draws a tree of blocks, or that of a pipeline. It shows blocks in blocks, loops (↻), choices (◇), and branches with
 * what chooses them. Lines carry the names and types of what flows; components are chips. What the call that `given`
 * describes lacks is red. The colours follow the reader's light or dark setting.
 *
 * ```ts
 * await writeFile('pipeline.svg', await drawSvg(new StableDiffusionTextToImageBlocks()))
 * ```
 */
export async function drawSvg(subject: BlockNode | BlockHolder, options: SvgOptions = {}): Promise<string> {
  return placeAndWrite(describeSvg(subject, options))
}

/** What {@link placeAndWrite} draws: plain data, which may go to another thread. */
export interface DescribedSvg {
  readonly picture: Picture
  readonly title: string
  readonly description: string
  readonly marksPaths: boolean
}

/** Describes the drawing of a tree of blocks, before anything has its place. */
export function describeSvg(subject: BlockNode | BlockHolder, options: SvgOptions = {}): DescribedSvg {
  const blocks = treeOf(subject)
  const picture = pictureOf(blocks, options)
  const { title = classNameOf(blocks), marksPaths = false } = options
  return { picture, title, description: accessibleText(picture, blocks), marksPaths }
}

/** Places what was described, which takes a second, and draws it. */
export async function placeAndWrite({ picture, ...texts }: DescribedSvg): Promise<string> {
  const hasRed = picture.inputs.some(port => port.missing)
  return writeSvg(await layOut(picture), { ...texts, hasRed })
}

function accessibleText({ inputs, outputs }: Picture, blocks: BlockNode): string {
  const names = (ports: readonly { name: string }[]) => ports.map(port => port.name).join(', ') || 'nothing'
  const parts = [...blocks.subBlocks.keys()].join(', ')
  const missing = inputs.filter(port => port.missing)
  return [
    blocks.description.trim(),
    parts && `Made of ${parts}.`,
    `Takes ${names(inputs)}; gives ${names(outputs)}.`,
    missing.length > 0 ? `In red, as the call lacks it: ${names(missing)}.` : '',
  ]
    .filter(Boolean)
    .join(' ')
}

/** What the marks mean. */
const LEGEND = [
  ['note', '↻ loop'],
  ['note', '◇ choice, one of whose dashed branches runs'],
  ['note', '- - to the next iteration'],
  ['missing', 'red: required, and the call lacks it'],
] as const

/** The legend; red is in it only if something is red. */
function drawLegend(y: number, width: number, hasRed: boolean): string {
  let [x, line] = [18, y]
  return LEGEND.filter(([style]) => hasRed || style !== 'missing')
    .map(([style, text]) => {
      const space = textWidth(text, FONT_SIZE.small)
      if (x > 18 && x + space > width - 18) [x, line] = [18, line + 15]
      const drawn = `<text class="${style}" x="${round(x)}" y="${round(line)}">${xml(text)}</text>`
      x += space + 18
      return drawn
    })
    .join('')
}

interface SvgTexts {
  readonly title: string
  readonly description: string
  readonly hasRed: boolean
  readonly marksPaths: boolean
}

function writeSvg(picture: PlacedPicture, { title, description, hasRed, marksPaths }: SvgTexts): string {
  const width = Math.ceil(Math.max(picture.width, 320))
  const height = Math.ceil(picture.height) + (width < 760 ? 40 : 12)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${xml(title)}</title>`,
    `<desc id="desc">${xml(description)}</desc>`,
    `<style>\n${svgStyle()}\n</style>`,
    `<defs>${head('head')}${head('red-head')}</defs>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...picture.boxes.map(box => drawBox(box, marksPaths)),
    ...picture.edges.map(drawEdge),
    ...picture.edges.map(drawLabels),
    ...picture.ports.map(drawPort),
    drawLegend(picture.height + 2, width, hasRed),
    '</svg>',
    '',
  ].join('\n')
}

function head(name: string): string {
  return `<marker id="${name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="${name}" d="M0 0.5 8 4 0 7.5z"/></marker>`
}

function drawBox({ box, texts, x, y, width, height }: PlacedBox, marksPaths: boolean): string {
  const kind = box.kind === 'conditional' || box.kind === 'auto' ? 'choice' : box.kind
  const isMissing = box.notes.some(note => note.missing)
  const classes = [kind, ...(box.condition ? ['branch'] : []), ...(isMissing && kind === 'leaf' ? ['unsatisfied'] : [])]
  const rect = `<rect class="${classes.join(' ')}" ${rectAttributes({ x, y, width, height })} rx="6"/>`
  const path = marksPaths ? ` data-path="${xml(JSON.stringify(box.path))}"` : ''
  return `<g${path}${box.idle ? ' class="idle"' : ''}>${rect}${texts.map(text => drawText(text)).join('')}</g>`
}

function drawPort({ port, text, x, y, width, height }: PlacedPort): string {
  const rect = `<rect class="${port.missing ? 'unsatisfied' : 'port'}" ${rectAttributes({ x, y, width, height })} rx="${height / 2}"/>`
  return `<g>${rect}${drawText(text, port.missing ? 'port-text red-text' : 'port-text')}</g>`
}

function drawText(text: PlacedText, classes?: string): string {
  const { style, x, y, width, height, tooltip } = text
  const hint = tooltip ? `<title>${xml(tooltip)}</title>` : ''
  if (style === 'chip') {
    const rect = `<rect class="chip" ${rectAttributes({ x, y, width, height })} rx="${height / 2}"/>`
    return `<g>${hint}${rect}<text class="chip-text" x="${round(x + width / 2)}" y="${round(y + height - 4)}">${xml(text.text)}</text></g>`
  }
  const start = style === 'label' || style === 'port' ? x + width / 2 : x
  return `<text class="${classes ?? style}" x="${round(start)}" y="${round(y + height - 3.5)}">${hint}${xml(text.text)}</text>`
}

function drawEdge({ points, carried, missing, arrow, tooltip }: PlacedEdge): string {
  const classes = ['edge', ...(carried ? ['carried'] : []), ...(missing ? ['red'] : [])].join(' ')
  const marker = arrow ? ` marker-end="url(#${missing ? 'red-head' : 'head'})"` : ''
  return points
    .map(([first, ...rest]) => {
      const line = `M${round(first?.x ?? 0)} ${round(first?.y ?? 0)}${rest.map(({ x, y }) => `L${round(x)} ${round(y)}`).join('')}`
      return `<path class="${classes}" d="${line}"${marker}><title>${xml(tooltip)}</title></path>`
    })
    .join('')
}

function drawLabels({ labels, missing }: PlacedEdge): string {
  const [first] = labels
  if (!first) return ''
  const area = { x: first.x - 3, y: first.y - 1, width: first.width + 6, height: labels.length * first.height + 2 }
  const texts = labels.map(label => drawText(label, missing ? 'label red-text' : 'label'))
  return `<g><rect class="label-ground" ${rectAttributes(area)} rx="3" opacity=".85"/>${texts.join('')}</g>`
}

function rectAttributes({ x, y, width, height }: { x: number; y: number; width: number; height: number }): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Characters that XML allows, with those that would be markup escaped. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
}
