import { StableDiffusionTextToImageBlocks } from '../../../blocks'
import { AutoPipelineBlocks, type BlockSource, Branch, ComponentSpec, SequentialPipelineBlocks } from '../../../src'
import { SdxlAutoBlocks } from '../fixtures/sdxl-tree'
import { Repeat, required, toy } from '../fixtures/toy-blocks'

class UNet {}

class Choice extends AutoPipelineBlocks {
  @Branch({ when: 'mask' }) inpaint: BlockSource = toy({ name: 'Inpaint', inputs: [required('mask')], outputs: ['y'] })
  @Branch() plain: BlockSource = toy({ name: 'Plain', outputs: ['y'] })
}

const blocks = SequentialPipelineBlocks.fromBlocksDict({
  encode: toy({
    name: 'Encode',
    inputs: [{ ...required('prompt'), typeHint: 'string | string[]' }],
    outputs: [{ name: 'x', typeHint: 'Map<string, "a">' }],
    components: [new ComponentSpec({ name: 'unet', typeHint: UNet })],
  }),
  choose: Choice,
  loop: Repeat.fromBlocksDict({ step: toy({ name: 'Step', inputs: [required('x')], outputs: ['x'] }) }),
})

describe('toMermaid()', () => {
  test('has no line between a frame and what is inside it, which Mermaid refuses', () => {
    const step = toy({ inputs: [required('x')], outputs: ['x', 'numSteps'] })
    const nested = Repeat.fromBlocksDict({ inner: Repeat.fromBlocksDict({ step }) })
    const text = nested.toMermaid()
    expect(text).toContain('subgraph b1 ["↻ 1. inner · Repeat"]')
    expect(text).not.toMatch(/b2 -.*b1$/m)
    expect(text).toContain('  b2 -.->|"x: any"| b2\n')
  })

  test('draws frames, loops, branches, components, flows and what a caller must give, which is not red', () => {
    expect(blocks.toMermaid().split('\n')).toEqual([
      'flowchart TD',
      '  subgraph b0 ["SequentialPipelineBlocks"]',
      '    b1["1. encode<br/>Encode<br/>⚙ unet<br/>prompt (required)"]',
      '    subgraph b2 ["◇ 2. choose · Choice"]',
      '      b3["inpaint<br/>Inpaint<br/>with mask"]',
      '      b4["plain<br/>Plain<br/>otherwise"]',
      '    end',
      '    subgraph b5 ["↻ 3. loop · Repeat · numSteps (required)"]',
      '      b6["1. step<br/>Step"]',
      '    end',
      '  end',
      '  in0(["prompt: string #124; string[]"]):::port',
      '  in1(["mask: any"]):::port',
      '  in2(["numSteps: any"]):::port',
      '  out0(["x: Map#60;string, #34;a#34;#62;"]):::port',
      '  out1(["y: any"]):::port',
      '  in0 -->|"prompt: string #124; string[]"| b1',
      '  in1 -->|"mask: any"| b3',
      '  in2 -->|"numSteps: any"| b5',
      '  b1 -->|"x: Map#60;string, #34;a#34;#62;"| b6',
      '  b6 -.->|"x: any"| b6',
      '  b6 -->|"x: Map#60;string, #34;a#34;#62;"| out0',
      '  b4 -->|"y: any"| out1',
      '  b3 -->|"y: any"| out1',
      '  classDef unsatisfied fill:#fde8e8,stroke:#c81e1e,color:#9b1c1c,stroke-width:2px',
      '  classDef port fill:#e1effe,stroke:#1c64f2,color:#1e429f',
      '  classDef idle opacity:0.35',
      '',
    ])
  })

  test('for a call makes pale what does not run, and red only what the call lacks', () => {
    const text = blocks.toMermaid({ given: { prompt: 'red apple', numSteps: 2 } })
    expect(text).not.toContain('required')
    expect(text).not.toContain(':::unsatisfied')
    expect(text).toContain('class b3 idle')
    expect(text).not.toContain('class b4 idle')
    expect(blocks.toMermaid({ given: ['mask'] })).toContain('class b4 idle')
  })

  test('names the variables of a loop, and of the text-to-image pipeline lacks the prompt alone', () => {
    const text = new StableDiffusionTextToImageBlocks().toMermaid()
    expect(text).toContain('↻ 9. denoise (each t, i) · DenoiseLoop')
    expect(text.match(/\(required\)/g)).toHaveLength(1)
    expect(text).not.toContain('unsatisfied\n')
    const lacking = new StableDiffusionTextToImageBlocks().toMermaid({ given: [] })
    expect(lacking.match(/✗ prompt \(required\)/g)).toHaveLength(1)
    expect(lacking.match(/:::unsatisfied/g)).toHaveLength(1)
  })

  test('of a tree as large as SDXL stays within what Mermaid draws', () => {
    const text = new SdxlAutoBlocks().toMermaid()
    expect(text.length).toBeLessThan(50_000)
    expect(text.match(/ -\.?->?\|? ?/g)?.length).toBeLessThan(500)
    const subgraphs = text.match(/^ *subgraph /gm)?.length
    expect(text.match(/^ *end$/gm)).toHaveLength(subgraphs as number)
    // Every end of a line is a box or a port.
    const ids = new Set(
      text.match(/^ *(?:subgraph )?((?:b|in|out)\d+)(?= ?[[(])/gm)?.map(line => line.trim().split(' ').at(-1)),
    )
    for (const [, from, to] of text.matchAll(/^ {2}(\w+) -\.?-?>\|.*\| (\w+)$/gm)) {
      expect(ids).toContain(from)
      expect(ids).toContain(to)
    }
  })

  test('reads no names as comments, settings or links', () => {
    const name = '"]; click b0 "javascript:alert(1)" %%{init: {"theme": "dark"}}%% end'
    const text = toy({ name }).toMermaid()
    expect(text).not.toMatch(/%%|click b0 "/)
    expect(text).toContain('#37;#37;{init')
  })

  test('of a block that stands alone, and of an empty sequence', () => {
    expect(toy({ name: 'Leaf' }).toMermaid()).toContain('  b0["Leaf"]\n')
    expect(SequentialPipelineBlocks.fromBlocksDict({}).toMermaid()).toContain(
      'subgraph b0 ["SequentialPipelineBlocks"]\n  end',
    )
  })
})
