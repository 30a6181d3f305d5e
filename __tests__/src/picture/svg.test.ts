import sharp from 'sharp'
import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import type { BlockNode } from '../../../src'
import {
  AutoPipelineBlocks,
  type BlockSource,
  Branch,
  ComponentSpec,
  drawSvg,
  SequentialPipelineBlocks,
} from '../../../src'
import { layOut } from '../../../src/picture/layout'
import { pictureOf } from '../../../src/picture/picture'
import type { PlacedPicture, Rectangle } from '../../../src/picture/placed-picture'
import { textWidth } from '../../../src/picture/text-width'
import { eachBlock } from '../../../src/wiring/blocks'
import { SdxlAutoBlocks } from '../fixtures/sdxl-tree'
import { Repeat, required, toy } from '../fixtures/toy-blocks'

const long = 'aVeryLongNameThatNoBoxWouldEverHaveRoomForIfItWereNotCutSomewhere'

class Nested extends AutoPipelineBlocks {
  @Branch({ when: 'a' }) first: BlockSource = Repeat.fromBlocksDict({
    step: toy({ inputs: [required('x'), required('y')], outputs: ['x', 'y', 'z'] }),
    inner: Repeat.fromBlocksDict({ again: toy({ inputs: ['z', 'x'], outputs: ['y'] }) }),
  })
  @Branch() second: BlockSource = SequentialPipelineBlocks.fromBlocksDict({})
}

const trees: readonly (readonly [string, BlockNode])[] = [
  ['the text-to-image pipeline', new StableDiffusionTextToImageBlocks()],
  ["SDXL's tree", new SdxlAutoBlocks()],
  ['a leaf', toy({ name: 'Leaf', inputs: [required('x'), { name: 'y', default: 'z'.repeat(90) }], outputs: ['z'] })],
  ['a loop', Repeat.fromBlocksDict({ a: toy({ inputs: [required('x')], outputs: ['x'] }) })],
  ['a choice', new Nested()],
  ['an empty loop in a sequence', SequentialPipelineBlocks.fromBlocksDict({ loop: Repeat.fromBlocksDict({}) })],
  ['an empty sequence', SequentialPipelineBlocks.fromBlocksDict({})],
  [
    'sixty blocks in a row',
    SequentialPipelineBlocks.fromBlocksDict(
      Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [
          `step${i}`,
          toy({ inputs: [`x${i}`, `x${Math.max(0, i - 5)}`], outputs: [`x${i + 1}`] }),
        ]),
      ),
    ),
  ],
  [
    'long names',
    SequentialPipelineBlocks.fromBlocksDict({
      [long]: toy({
        name: long,
        inputs: [required(long), { name: `${long}2`, default: long }],
        outputs: [{ name: `${long}3`, typeHint: long }],
        components: [long, 'b', 'c'].map(name => new ComponentSpec({ name })),
      }),
      [`${long}4`]: toy({ inputs: [required(`${long}3`)] }),
    }),
  ],
]

const MARGIN = 0.5
const contains = (outer: Rectangle, inner: Rectangle) =>
  inner.x >= outer.x - MARGIN &&
  inner.y >= outer.y - MARGIN &&
  inner.x + inner.width <= outer.x + outer.width + MARGIN &&
  inner.y + inner.height <= outer.y + outer.height + MARGIN
const overlap = (a: Rectangle, b: Rectangle) =>
  Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > MARGIN &&
  Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > MARGIN

/** What is wrong with a picture, in words. */
function faults({ width, height, boxes, ports, edges }: PlacedPicture): string[] {
  const found: string[] = []
  const whole = { x: 0, y: 0, width, height }
  const labels = edges.flatMap(edge => edge.labels)
  const leaves = boxes.filter(({ box }) => box.kind === 'leaf')
  for (const place of [...boxes, ...ports, ...labels])
    if (!contains(whole, place)) found.push('something outside the picture')
  for (const { box, texts, ...place } of boxes) {
    const parts = boxes.filter(other => box.parts.includes(other.box))
    for (const text of texts) if (!contains(place, text)) found.push(`"${text.text}" outside ${box.title}`)
    for (const part of parts) if (!contains(place, part)) found.push(`${part.box.title} outside ${box.title}`)
    for (const part of parts)
      for (const text of texts) if (overlap(part, text)) found.push(`${part.box.title} over "${text.text}"`)
    for (const [i, a] of parts.entries())
      for (const b of parts.slice(i + 1)) if (overlap(a, b)) found.push(`${a.box.title} over ${b.box.title}`)
    for (const [i, a] of texts.entries())
      for (const b of texts.slice(i + 1)) if (overlap(a, b)) found.push(`"${a.text}" over "${b.text}"`)
  }
  for (const [i, { port, text, ...place }] of ports.entries()) {
    if (!contains(place, text)) found.push(`"${text.text}" outside its port`)
    if (!boxes.some(({ box, ...around }) => box === boxes[0]?.box && contains(around, place)))
      found.push(`${port.name} outside`)
    for (const other of [...leaves, ...ports.slice(i + 1)])
      if (overlap(place, other)) found.push(`port ${port.name} over a box`)
  }
  for (const [i, label] of labels.entries()) {
    for (const other of [...leaves, ...ports, ...labels.slice(i + 1)])
      if (overlap(label, other)) found.push(`the label "${label.text}" over something`)
  }
  for (const { points, labels: own } of edges) {
    if (points.length === 0) found.push(`a line that is not there: ${own[0]?.text}`)
    for (const { x, y } of points.flat())
      if (!contains(whole, { x, y, width: 0, height: 0 })) found.push('a line outside')
  }
  return found
}

/** Whether each line of text has the space that it needs, at the size that it is drawn in. */
const SIZES = { title: 13, class: 10, condition: 10, chip: 9.5, note: 10, missing: 10, label: 9.5, port: 10 } as const

describe('layOut()', () => {
  test.each(trees)('of %s has nothing over another thing, and no text outside its box', async (_, blocks) => {
    const placed = await layOut(pictureOf(blocks))
    expect(faults(placed)).toEqual([])
    const texts = [
      ...placed.boxes.flatMap(({ texts: own }) => own),
      ...placed.ports.map(port => port.text),
      ...placed.edges.flatMap(edge => edge.labels),
    ]
    for (const { text, style, width } of texts) {
      expect(textWidth(text, SIZES[style], style === 'title')).toBeLessThanOrEqual(width + MARGIN)
    }
  })

  test("of SDXL's tree shows every block, and the names of all that flows", async () => {
    const blocks = new SdxlAutoBlocks()
    const placed = await layOut(pictureOf(blocks))
    const all = [...eachBlock(blocks)]
    expect(all.length).toBeGreaterThan(45)
    expect(placed.boxes.map(({ box }) => box.path)).toEqual(all.map(({ path }) => path))
    const told = placed.edges.map(edge => edge.tooltip).join('\n')
    for (const name of ['promptEmbeds', 'imageLatents', 'timesteps', 'controlnetCond', 'noisePred'])
      expect(told).toContain(name)
    expect(placed.boxes.filter(({ box }) => box.kind === 'loop')).toHaveLength(4)
    // Lines grow with the blocks, not with the pairs of them.
    expect(placed.edges.length).toBeLessThan(4 * all.length)
  })

  test('breaks long types at their spaces, and says how much more flows than there is room for', async () => {
    const outputs = Array.from({ length: 9 }, (_, i) => ({
      name: `value${i}`,
      typeHint: `Tensor[${'wide, '.repeat(14)}${i}]`,
    }))
    const blocks = (count: number) =>
      SequentialPipelineBlocks.fromBlocksDict({
        from: toy({ outputs: outputs.slice(0, count) }),
        to: toy({ inputs: outputs.slice(0, count).map(({ name }) => required(name)) }),
      })
    const labels = async (count: number) =>
      (await layOut(pictureOf(blocks(count)))).edges.flatMap(edge => edge.labels.map(({ text }) => text))
    const one = await labels(1)
    expect(one.length).toBeGreaterThan(1)
    expect(one.join(' ')).toBe(`value0: ${outputs[0]?.typeHint}`)
    const many = await labels(9)
    expect(many.length).toBeLessThanOrEqual(8)
    const shown = many.filter(text => text.startsWith('value')).length
    expect(many.at(-1)).toBe(`and ${9 - shown} more`)
  })

  test('draws what a loop carries against the order, and nothing else', async () => {
    const { edges, boxes } = await layOut(pictureOf(new StableDiffusionTextToImageBlocks()))
    const carried = edges.filter(edge => edge.carried)
    expect(carried.map(edge => edge.labels[0]?.text)).toEqual(['to the next iteration'])
    const ends = (edge: (typeof edges)[number]) =>
      [edge.points[0]?.[0]?.y ?? 0, edge.points.at(-1)?.at(-1)?.y ?? 0] as const
    for (const edge of edges) expect(ends(edge)[1] > ends(edge)[0]).toBe(!edge.carried)
    const top = (name: string) => boxes.find(({ box }) => box.path.join() === name)?.y as number
    const order = [
      'setGuidance',
      'embedGuidance',
      'prepareModels',
      'encodePrompt',
      'setTimesteps',
      'prepareLatents',
      'denoise',
      'decode',
      'postprocess',
    ]
    expect([...order].sort((a, b) => top(a) - top(b))).toEqual(order)
  })
})

describe('drawSvg()', () => {
  test('is an image with a title, a description and colours for light and dark', async () => {
    const svg = await drawSvg(new StableDiffusionTextToImageBlocks())
    expect(svg).toContain('role="img" aria-labelledby="title desc"')
    expect(svg).toContain('<title id="title">StableDiffusionTextToImageBlocks</title>')
    expect(svg).toMatch(
      /<desc id="desc">Draws pictures .* Takes prompt, ipAdapterImage, ipAdapterImageEmbeds; gives images\.<\/desc>/,
    )
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
    const { width, height } = await sharp(Buffer.from(svg)).metadata()
    expect(svg).toContain(`width="${width}" height="${height}"`)
    expect(svg).toContain('>↻ 9. denoise (each t, i)<')
    expect(svg).toContain('timesteps: number[]')
    expect(svg).toContain('<title>unet: UNet2DConditionModel</title>')
  })

  test('draws the blocks of a pipeline', async () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({ a: toy({ inputs: [required('x')] }) })
    expect(await drawSvg(blocks.initPipeline())).toBe(await drawSvg(blocks))
  })

  test('is well formed whatever names and types hold', async () => {
    const svg = await drawSvg(
      SequentialPipelineBlocks.fromBlocksDict({
        'a<b>&"c"': toy({
          name: 'X',
          inputs: [required('in]]>\u0001put')],
          outputs: [{ name: 'y', typeHint: 'Map<"a", B & C>' }],
        }),
        日本語: toy({ inputs: [required('y'), { name: '🍎'.repeat(40) }] }),
      }),
      { title: '<script>alert(1)</script>' },
    )
    expect(svg).not.toContain('<script>')
    expect(svg).not.toContain('\u0001')
    expect((await sharp(Buffer.from(svg)).png().toBuffer()).length).toBeGreaterThan(1000)
  })

  test('marks in red what a call lacks, and makes pale what it does not run', async () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      choose: Nested,
      last: toy({ inputs: [required('answer')] }),
    })
    const lacking = await drawSvg(blocks, { given: ['a', 'x', 'y', 'numSteps'] })
    expect(lacking).toContain('class="missing"')
    expect(lacking).toContain('answer (required)')
    expect(lacking).toContain('In red, as the call lacks it: answer.')
    const given = await drawSvg(blocks, { given: ['answer'] })
    expect(given).not.toContain('(required)')
    expect(given).toContain('<g class="idle">')
    const valid = await drawSvg(blocks)
    expect(valid).not.toContain('class="missing"')
    expect(valid).not.toContain('In red')
  })
})
