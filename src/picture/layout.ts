/** Where everything of a picture is: boxes sized by their texts, placed by elkjs (the layered algorithm of the Eclipse Layout Kernel). */
import type { ElkEdgeSection, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk-api'
import { loadElk } from './load-elk'
import type { Picture, PictureBox, PictureLink, PicturePort } from './picture'
import { fitText, textWidth, wrapText } from './text-width'

/** Sizes of texts in pixels. */
export const SIZE = { title: 13, small: 10, chip: 9.5, label: 9.5 } as const
/** Space between the border of a box and its texts. */
export const PAD = 8
const LINE = 14
const CHIP_HEIGHT = 15
/** Widest text inside a leaf, a label or a port: what is longer is cut, and whole in the tooltip. */
const WIDEST = 250
const WIDEST_FRAME_TITLE = 420
const WIDEST_LABEL = 240
const WIDEST_PILL = 360

/** A rectangle, from the upper left corner of the whole. */
export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A line of text: the space that is kept for it, which it fills in the widest of fonts. */
export interface PlacedText extends Rectangle {
  readonly text: string
  readonly style: 'title' | 'class' | 'condition' | 'chip' | 'note' | 'missing' | 'label' | 'port'
  /** The whole text, where it is cut, or more on the matter. */
  readonly tooltip?: string
}

/** A box with its texts. */
export interface PlacedBox extends Rectangle {
  readonly box: PictureBox
  readonly depth: number
  readonly texts: readonly PlacedText[]
}

/** An input or output of the whole. */
export interface PlacedPort extends Rectangle {
  readonly port: PicturePort
  readonly role: 'input' | 'output'
  readonly text: PlacedText
}

/** A line with its label. */
export interface PlacedEdge {
  /** Its pieces, each from point to point. */
  readonly points: readonly (readonly ElkPoint[])[]
  readonly carried: boolean
  readonly missing: boolean
  /** Whether it ends in an arrow: at a block, or where a frame is entered. */
  readonly arrow: boolean
  readonly labels: readonly PlacedText[]
  /** Everything that flows, with its types. */
  readonly tooltip: string
}

/** A picture with all its places. */
export interface PlacedPicture {
  readonly width: number
  readonly height: number
  readonly boxes: readonly PlacedBox[]
  readonly ports: readonly PlacedPort[]
  readonly edges: readonly PlacedEdge[]
}

/** A text inside a box, placed from its upper left corner. */
type InnerText = Omit<PlacedText, 'x' | 'y'> & { x: number; y: number }

interface Inner {
  readonly texts: readonly InnerText[]
  readonly width: number
  readonly height: number
}

/** The texts of a box, from top to bottom: condition, title, class, components, inputs that no block supplies. */
function innerOf(box: PictureBox): Inner {
  const texts: InnerText[] = []
  let y = PAD
  const line = (text: string, style: PlacedText['style'], size: number, tooltip?: string) => {
    const most = box.kind === 'leaf' ? WIDEST : WIDEST_FRAME_TITLE
    const shown = fitText(text, size, most, style === 'title')
    const width = textWidth(shown, size, style === 'title')
    const hint = tooltip ?? (shown === text ? undefined : text)
    texts.push({ text: shown, style, x: PAD, y, width, height: LINE, ...(hint && { tooltip: hint }) })
    y += LINE
  }
  if (box.condition !== undefined) line(box.condition, 'condition', SIZE.small)
  line(box.title, 'title', SIZE.title, box.description || undefined)
  if (box.className) line(box.className, 'class', SIZE.small)
  y = flow(
    texts,
    box.chips.map(({ name, className }) => ({ text: name, style: 'chip' as const, tooltip: `${name}: ${className}` })),
    { y: y + 3, size: SIZE.chip, height: CHIP_HEIGHT, inset: 5 },
  )
  y = flow(
    texts,
    box.notes.map(({ text, missing }) => ({ text, style: missing ? ('missing' as const) : ('note' as const) })),
    { y, size: SIZE.small, height: LINE - 1, inset: 0 },
  )
  return { texts, width: Math.max(...texts.map(text => text.x + text.width)) + PAD, height: y + PAD - 3 }
}

/** Puts short texts one after another, in as many rows as they need; returns where the next thing may begin. */
function flow(
  texts: InnerText[],
  items: readonly Pick<PlacedText, 'text' | 'style' | 'tooltip'>[],
  { y, size, height, inset }: { y: number; size: number; height: number; inset: number },
): number {
  let [left, top] = [PAD, y]
  for (const item of items) {
    const shown = fitText(item.text, size, WIDEST - 2 * inset)
    const width = textWidth(shown, size) + 2 * inset
    if (left > PAD && left + width > WIDEST + PAD) {
      left = PAD
      top += height + 2
    }
    const tooltip = item.tooltip ?? (shown === item.text ? undefined : item.text)
    texts.push({ text: shown, style: item.style, x: left, y: top, width, height, ...(tooltip && { tooltip }) })
    left += width + (inset > 0 ? 4 : 10)
  }
  return items.length > 0 ? top + height + 3 : y
}

/** One line at one level of the tree, with all that flows along it. */
interface Segment {
  readonly from: string
  readonly to: string
  readonly carried: boolean
  readonly missing: boolean
  /** Name → type. */
  readonly values: Map<string, string>
  /** Whether it goes from a frame to what is inside, or back. */
  readonly role: 'across' | 'in' | 'out'
}

/** Inputs and outputs of the whole, by their ids. */
const PORT_ID = /^(in|out)\d+$/

const entry = (box: string) => `${box}:in`
const exit = (box: string) => `${box}:out`

/**
 * Cuts every link at the frames that it crosses: all that enters a frame enters at one place, and all that leaves it leaves at one. So the lines
 * grow with the blocks, not with the pairs of them.
 */
class Segments {
  readonly byFrame = new Map<string, Map<string, Segment>>()
  private readonly chains = new Map<string, readonly PictureBox[]>()

  constructor(
    picture: Picture,
    private readonly frame: PictureBox,
  ) {
    this.find(frame, [])
    for (const link of picture.links) this.add(link)
  }

  /** The frames around a box, and itself. */
  private find(box: PictureBox, around: readonly PictureBox[]): void {
    const chain = [...around, box]
    this.chains.set(box.id, chain)
    for (const part of box.parts) this.find(part, chain)
  }

  private add(link: PictureLink): void {
    const from = this.chains.get(link.from) ?? []
    const to = this.chains.get(link.to) ?? []
    const frame = this.meetingPlace(from, to, link.carried)
    // What a block alone carries from one iteration to the next goes nowhere in a picture.
    if (frame < 0) return
    const [start, end] = [from.slice(frame + 1), to.slice(frame + 1)]
    for (const [i, box] of start.entries()) {
      const inner = start[i + 1]
      if (inner) this.put(box.id, this.out(inner), exit(box.id), 'out', link)
    }
    for (const [i, box] of end.entries()) {
      const inner = end[i + 1]
      if (inner) this.put(box.id, entry(box.id), this.in(inner), 'in', link)
    }
    const meeting = (from[frame] ?? to[frame] ?? this.frame).id
    const source = start[0] ? this.out(start[0]) : link.from
    const target = end[0] ? this.in(end[0]) : link.to
    this.put(meeting, source, target, 'across', link)
  }

  /** Index of the innermost frame around both ends; of a carried value, of one whose parts follow one another. `-1`: draw nothing. */
  private meetingPlace(from: readonly PictureBox[], to: readonly PictureBox[], carried: boolean): number {
    if (from.length === 0 || to.length === 0) return 0
    let common = 0
    while (from[common + 1] !== undefined && from[common + 1] === to[common + 1]) common++
    const isOrdered = ['loop', 'sequential'].includes(from[common]?.kind as string)
    return carried && !(isOrdered && from[common + 1] && to[common + 1]) ? -1 : common
  }

  private in(box: PictureBox): string {
    return box.kind === 'leaf' ? box.id : entry(box.id)
  }

  private out(box: PictureBox): string {
    return box.kind === 'leaf' ? box.id : exit(box.id)
  }

  private put(frame: string, from: string, to: string, role: Segment['role'], link: PictureLink): void {
    const segments = this.byFrame.get(frame) ?? new Map<string, Segment>()
    this.byFrame.set(frame, segments)
    const carried = link.carried && role === 'across'
    // A port has one line to each block; inside, what is missing stands apart from what is there.
    const isRed = link.missing && !PORT_ID.test(from)
    const key = `${from} ${to} ${carried} ${isRed}`
    const missing = link.missing || segments.get(key)?.missing === true
    const known = { from, to, carried, missing, role, values: segments.get(key)?.values ?? new Map<string, string>() }
    known.values.set(link.name, link.type)
    segments.set(key, known)
  }
}

/** Places a picture. */
export async function layOut(picture: Picture): Promise<PlacedPicture> {
  const { root } = picture
  const frame = root.kind === 'leaf' ? frameAround(root) : root
  const context: Context = {
    picture,
    frame,
    segments: new Segments(picture, frame).byFrame,
    edges: new Map(),
    inner: new Map(),
  }
  const graph: ElkNode = {
    id: 'picture',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'DOWN',
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.json.shapeCoords': 'ROOT',
      'elk.json.edgeCoords': 'ROOT',
      'elk.padding': '[top=16,left=16,bottom=16,right=16]',
      ...SPACING,
    },
    children: [nodeOf(frame, context)],
  }
  return collect(await loadElk().layout(graph), context)
}

/** Blocks stand in the order in which they run: only what a loop carries may go against it. */
const FORWARD = { 'elk.layered.priority.direction': '10' } as const

const SPACING = {
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.feedbackEdges': 'true',
} as const

interface Context {
  readonly picture: Picture
  readonly frame: PictureBox
  readonly segments: ReadonlyMap<string, ReadonlyMap<string, Segment>>
  readonly edges: Map<string, Segment>
  readonly inner: Map<string, Inner>
}

/** A block that stands alone has a frame too, for its inputs and outputs. */
function frameAround(leaf: PictureBox): PictureBox {
  const nothing = { condition: undefined, chips: [], notes: [], description: '', className: '' }
  return { ...nothing, id: 'frame', path: [], kind: 'sequential', title: leaf.title, idle: false, parts: [leaf] }
}

function nodeOf(box: PictureBox, context: Context): ElkNode {
  const inner = innerOf(box)
  context.inner.set(box.id, inner)
  const size = { width: inner.width, height: inner.height }
  const isFrame = box === context.frame
  const pills = isFrame ? [...context.picture.inputs, ...context.picture.outputs] : []
  if (box.kind === 'leaf') return { id: box.id, ...size }
  if (box.parts.length + pills.length === 0) {
    return { id: box.id, ...size, ports: hubs(box, context), layoutOptions: { 'elk.portConstraints': 'FIXED_SIDE' } }
  }
  const segments = [...(context.segments.get(box.id)?.values() ?? [])]
  const ordered = box.kind === 'sequential' || box.kind === 'loop' ? box.parts : []
  return {
    id: box.id,
    layoutOptions: {
      'elk.padding': `[top=${inner.height + 10},left=14,bottom=14,right=14]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      // The library turns a layout that runs downwards on its side, and forgets to turn this.
      'elk.nodeSize.minimum': `(${inner.height + 14}, ${inner.width + 6})`,
      'elk.portConstraints': 'FIXED_SIDE',
      ...SPACING,
    },
    ports: isFrame ? [] : hubs(box, context),
    children: [
      ...(isFrame ? context.picture.inputs.map(port => pillOf(port, 'FIRST')) : []),
      ...box.parts.map(part => nodeOf(part, context)),
      ...(isFrame ? context.picture.outputs.map(port => pillOf(port, 'LAST')) : []),
    ],
    edges: [
      ...segments.map(segment => edgeOf(segment, context)),
      // Keeps the parts in their order where nothing flows between them. Not drawn.
      ...ordered.slice(1).map((part, i) => ({
        id: `order ${part.id}`,
        sources: [(ordered[i] as PictureBox).id],
        targets: [part.id],
        layoutOptions: FORWARD,
      })),
    ],
  }
}

/** The places where a frame is entered and left, as far as anything flows there. */
function hubs(
  box: PictureBox,
  { segments }: Context,
): { id: string; width: number; height: number; layoutOptions: Record<string, string> }[] {
  const used = new Set(
    [...segments.values()].flatMap(level => [...level.values()].flatMap(({ from, to }) => [from, to])),
  )
  const sides = [
    [entry(box.id), 'NORTH'],
    [exit(box.id), 'SOUTH'],
  ] as const
  return sides
    .filter(([id]) => used.has(id))
    .map(([id, side]) => ({ id, width: 6, height: 6, layoutOptions: { 'elk.port.side': side } }))
}

function pillText({ name, type }: PicturePort): { text: string; tooltip?: string } {
  const whole = `${name}: ${type}`
  const text = fitText(whole, SIZE.small, WIDEST_PILL)
  return text === whole ? { text } : { text, tooltip: whole }
}

function pillOf(port: PicturePort, layer: 'FIRST' | 'LAST'): ElkNode {
  return {
    id: port.id,
    width: textWidth(pillText(port).text, SIZE.small) + 2 * PAD,
    height: 20,
    layoutOptions: { 'elk.layered.layering.layerConstraint': layer },
  }
}

function edgeOf(segment: Segment, { edges }: Context): ElkExtendedEdge {
  const id = `e${edges.size}`
  edges.set(id, segment)
  const lines = labelLines(segment)
  const width = Math.max(0, ...lines.map(line => textWidth(line.text, SIZE.label)))
  const label = {
    text: id,
    width: width + 6,
    height: lines.length * LABEL_LINE + 2,
    layoutOptions: { 'elk.edgeLabels.inline': 'true' },
  }
  return {
    id,
    sources: [segment.from],
    targets: [segment.to],
    labels: lines.length > 0 ? [label] : [],
    layoutOptions: segment.carried ? {} : FORWARD,
  }
}

const LABEL_LINE = 12
const MOST_LINES = 8

/** What is written at a line: names with types where a value leaves its block for another, the names alone inside frames. */
function labelLines({ values, role, from, to, carried }: Segment): { text: string; tooltip?: string }[] {
  if (PORT_ID.test(from) || PORT_ID.test(to)) return [] // The pill at the end says it.
  const shown = [...values].map(([name, type]) => valueLines(name, role === 'across' ? type : undefined))
  let count = shown.length
  while (count > 1 && lineCount(shown.slice(0, count)) + (count < shown.length ? 1 : 0) > MOST_LINES) count--
  const rest = [...values.keys()].slice(count)
  const more = rest.length > 0 ? [{ text: `and ${rest.length} more`, tooltip: rest.join(', ') }] : []
  return [...(carried ? [{ text: 'to the next iteration' }] : []), ...shown.slice(0, count).flat(), ...more]
}

function lineCount(values: readonly (readonly unknown[])[]): number {
  return values.reduce((sum, lines) => sum + lines.length, 0)
}

/** A value on a line, or on several where its type is long. */
function valueLines(name: string, type: string | undefined): { text: string; tooltip?: string }[] {
  const whole = type === undefined ? name : `${name}: ${type}`
  const lines = wrapText(whole, SIZE.label, WIDEST_LABEL)
  return lines.map(text => (lines.join(' ') === whole ? { text } : { text, tooltip: whole }))
}

function collect(placed: ElkNode, { picture, inner, edges }: Context): PlacedPicture {
  const pictured = new Map<string, PictureBox>()
  const boxes: PlacedBox[] = []
  const ports: PlacedPort[] = []
  const lines: PlacedEdge[] = []
  const inputs = new Map(picture.inputs.map(port => [port.id, port]))
  const outputs = new Map(picture.outputs.map(port => [port.id, port]))

  const visit = (node: ElkNode, depth: number) => {
    const { x = 0, y = 0, width = 0, height = 0 } = node
    const box = pictured.get(node.id)
    const port = inputs.get(node.id) ?? outputs.get(node.id)
    if (box) {
      for (const part of box.parts) pictured.set(part.id, part)
      const texts = (inner.get(node.id) as Inner).texts.map(text => ({ ...text, x: x + text.x, y: y + text.y }))
      boxes.push({ box, depth, texts, x, y, width, height })
    } else if (port) {
      const text: PlacedText = {
        ...pillText(port),
        style: 'port',
        x: x + PAD,
        y: y + 3,
        width: width - 2 * PAD,
        height: LINE,
      }
      ports.push({ port, role: inputs.has(node.id) ? 'input' : 'output', text, x, y, width, height })
    }
    for (const edge of node.edges ?? []) {
      const segment = edges.get(edge.id)
      if (segment) lines.push(lineOf(edge, segment))
    }
    for (const child of node.children ?? []) visit(child, box ? depth + 1 : depth)
  }
  const [frame] = placed.children ?? []
  if (frame) {
    pictured.set(frame.id, picture.root.id === frame.id ? picture.root : frameAround(picture.root))
    visit(frame, 0)
  }
  return { width: placed.width ?? 0, height: placed.height ?? 0, boxes, ports, edges: lines }
}

function lineOf(edge: ElkExtendedEdge, segment: Segment): PlacedEdge {
  const points = (edge.sections ?? []).map(({ startPoint, bendPoints = [], endPoint }: ElkEdgeSection) => [
    startPoint,
    ...bendPoints,
    endPoint,
  ])
  const [label] = edge.labels ?? []
  const { x = 0, y = 0, width = 0 } = label ?? {}
  const labels = labelLines(segment).map(
    (line, i): PlacedText => ({
      ...line,
      style: 'label',
      x: x + 3,
      y: y + 1 + i * LABEL_LINE,
      width: width - 6,
      height: LABEL_LINE,
    }),
  )
  return {
    points,
    carried: segment.carried,
    missing: segment.missing,
    arrow: segment.role !== 'out',
    labels,
    tooltip: [...segment.values].map(([name, type]) => `${name}: ${type}`).join('\n'),
  }
}
