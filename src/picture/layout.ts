/** Where everything of a picture is: boxes sized by their texts, placed by elkjs (the layered algorithm of the Eclipse Layout Kernel). */
import type { ElkEdgeSection, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api'
import { type Inner, innerOf, LINE, PAD, pillText } from './box-texts'
import { FONT_SIZE } from './font-size'
import { loadElk } from './load-elk'
import type { Picture, PictureBox, PicturePort } from './picture'
import type { PlacedBox, PlacedEdge, PlacedPicture, PlacedPort, PlacedText } from './placed-picture'
import { LABEL_LINE, labelLines } from './segment-labels'
import { entryPort, exitPort, type Segment, Segments } from './segments'
import { textWidth } from './text-width'

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
      ...placement(0),
    },
    children: [nodeOf(frame, context)],
  }
  return collect(await loadElk().layout(graph), context)
}

/** Blocks are in the order in which they run: only what a loop carries may go against it. */
const FORWARD = { 'elk.layered.priority.direction': '10' } as const

const SPACING = {
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.feedbackEdges': 'true',
} as const

/** Lines of a frame up to which its boxes are placed with the least bends: of the 120 lines of sixty blocks in a row, that takes minutes. */
const FEW_LINES = 40

/** How boxes are placed within their layers. */
function placement(lines: number): Record<string, string> {
  return { 'elk.layered.nodePlacement.strategy': lines > FEW_LINES ? 'BRANDES_KOEPF' : 'NETWORK_SIMPLEX' }
}

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
      ...placement(segments.length),
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
    [entryPort(box.id), 'NORTH'],
    [exitPort(box.id), 'SOUTH'],
  ] as const
  return sides
    .filter(([id]) => used.has(id))
    .map(([id, side]) => ({ id, width: 6, height: 6, layoutOptions: { 'elk.port.side': side } }))
}

function pillOf(port: PicturePort, layer: 'FIRST' | 'LAST'): ElkNode {
  return {
    id: port.id,
    width: textWidth(pillText(port).text, FONT_SIZE.small) + 2 * PAD,
    height: 20,
    layoutOptions: { 'elk.layered.layering.layerConstraint': layer },
  }
}

function edgeOf(segment: Segment, { edges }: Context): ElkExtendedEdge {
  const id = `e${edges.size}`
  edges.set(id, segment)
  const lines = labelLines(segment)
  const width = Math.max(0, ...lines.map(line => textWidth(line.text, FONT_SIZE.label)))
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
