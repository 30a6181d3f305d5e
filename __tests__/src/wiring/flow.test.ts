import { AutoPipelineBlocks, type BlockNode, type BlockSource, Branch, SequentialPipelineBlocks } from '../../../src'
import { eachBlock } from '../../../src/wiring/blocks'
import { pathKey, traceFlow } from '../../../src/wiring/flow'
import { SdxlAutoBlocks } from '../fixtures/sdxl-tree'
import { Repeat, required, toy } from '../fixtures/toy-blocks'

class Encode extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) img2img: BlockSource = toy({ inputs: [required('image')], outputs: ['latents'] })
  @Branch() text2img: BlockSource = toy({ inputs: [{ name: 'seed', default: 3 }], outputs: ['latents'] })
}

/** `encode > text2img -latents-> decode`; dots for what a loop carries, `!` for what is missing. */
const lines = (blocks: BlockNode, given?: Parameters<typeof traceFlow>[1]) =>
  traceFlow(blocks, given).edges.map(({ from, to, name, carried, missing }) => {
    const end = (path: readonly string[] | null, border: string) => (path ? pathKey(path) || 'whole' : border)
    return `${end(from, 'caller')} ${missing ? '!' : carried ? '.' : '-'}${name}-> ${end(to, 'result')}`
  })

describe('traceFlow()', () => {
  test.each([
    [['prompt']],
    [['prompt', 'image']],
    [['prompt', 'image', 'maskImage']],
    [['prompt', 'controlImage']],
    [['prompt', 'image', 'maskImage', 'paddingMaskCrop', 'controlImage', 'controlMode', 'ipAdapterImage']],
  ])('takes the blocks of a call for those that getExecutionBlocks() gives: %j', given => {
    const blocks = new SdxlAutoBlocks()
    const { running } = traceFlow(blocks, given)
    const shown = [...eachBlock(blocks)].filter(({ path, inLoop }) => !inLoop && running.has(pathKey(path)))
    const chosen = blocks.getExecutionBlocks(Object.fromEntries(given.map(name => [name, true])))
    const classes = (all: readonly BlockNode[]) => all.map(block => block.constructor.name)
    expect(classes(shown.map(({ block }) => block))).toEqual(classes([...chosen.subBlocks.values()]))
    expect(shown.every(({ block }, i) => block === [...chosen.subBlocks.values()][i])).toBe(true)
  })

  test('leads every value from who writes it to who takes it, and what nobody writes from the caller', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      a: toy({ inputs: [required('x'), 'y'], outputs: [{ name: 'z', typeHint: 'number' }] }),
      b: toy({ inputs: [required('z')], outputs: ['w'] }),
    })
    expect(lines(blocks)).toEqual(['caller !x-> a', 'a -z-> b', 'a -z-> result', 'b -w-> result'])
    expect(lines(blocks, ['x'])[0]).toBe('caller -x-> a')
    expect(lines(blocks, { x: null })[0]).toBe('caller !x-> a')
    const { inputs, edges } = traceFlow(blocks)
    expect(inputs.map(({ input, supply }) => [input.name, supply])).toEqual([
      ['x', 'missing'],
      ['y', 'none'],
      ['z', 'block'],
    ])
    expect(edges.map(edge => edge.type)).toEqual(['any', 'number', 'number', 'any'])
  })

  test('of a value that is written again follows the latest', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      first: toy({ outputs: ['x'] }),
      second: toy({ inputs: ['x'], outputs: ['x'] }),
      third: toy({ inputs: ['x'] }),
    })
    expect(lines(blocks)).toEqual(['first -x-> second', 'second -x-> third', 'second -x-> result'])
  })

  test('shows what a loop carries to its next iteration, and what it leaves behind', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      start: toy({ outputs: ['x'] }),
      loop: Repeat.fromBlocksDict({
        read: toy({ inputs: [required('x')], outputs: ['y'] }),
        write: toy({ inputs: [required('y'), required('x')], outputs: ['x'] }),
      }),
      end: toy({ inputs: [required('x')], outputs: ['done'] }),
    })
    expect(lines(blocks)).toEqual([
      'caller !numSteps-> loop',
      'start -x-> loop > read',
      'loop > write .x-> loop > read',
      'loop > read -y-> loop > write',
      'start -x-> loop > write',
      'loop > write .x-> loop > write',
      'loop > write -x-> end',
      'loop > write -x-> result',
      'loop > read -y-> result',
      'end -done-> result',
    ])
  })

  test('follows every branch of a call that is not known, and the chosen one of a call that is', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      encode: Encode,
      decode: toy({ inputs: [required('latents')] }),
    })
    // A branch runs only where its trigger is given, so its own trigger is not missing.
    expect(lines(blocks)).toEqual([
      'caller -image-> encode > img2img',
      'encode > text2img -latents-> decode',
      'encode > img2img -latents-> decode',
      'encode > text2img -latents-> result',
      'encode > img2img -latents-> result',
    ])
    expect(lines(blocks, ['image'])).toEqual([
      'caller -image-> encode > img2img',
      'encode > img2img -latents-> decode',
      'encode > img2img -latents-> result',
    ])
    expect([...traceFlow(blocks, []).running]).toEqual(['encode > text2img', 'decode'])
    expect(traceFlow(blocks).inputs.find(({ input }) => input.name === 'seed')?.supply).toBe('default')
  })

  test('keeps the value from before a choice that may be skipped', () => {
    class Maybe extends AutoPipelineBlocks {
      @Branch({ when: 'image' }) only: BlockSource = toy({ inputs: [required('image')], outputs: ['x'] })
    }
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      first: toy({ outputs: ['x'] }),
      maybe: Maybe,
      last: toy({ inputs: [required('x')] }),
    })
    expect(lines(blocks).filter(line => line.endsWith('last'))).toEqual(['first -x-> last', 'maybe > only -x-> last'])
  })

  test('gives a group what is tagged with it', () => {
    const blocks = SequentialPipelineBlocks.fromBlocksDict({
      encode: toy({ outputs: [{ name: 'embeds', kwargsType: 'g' }, 'other'] }),
      denoise: toy({ inputs: [{ name: null, kwargsType: 'g' }] }),
    })
    expect(lines(blocks).filter(line => line.endsWith('denoise'))).toEqual(['encode -embeds-> denoise'])
  })

  test('works on a block that stands alone', () => {
    expect(lines(toy({ inputs: [required('x')], outputs: ['y'] }))).toEqual(['caller !x-> whole', 'whole -y-> result'])
  })

  test('never leads a value to a block that does not take it, nor from one that does not write it', () => {
    const blocks = new SdxlAutoBlocks()
    const at = (path: readonly string[]) =>
      path.reduce<BlockNode>((block, name) => block.subBlocks.get(name) as BlockNode, blocks)
    for (const { from, to, name } of traceFlow(blocks).edges) {
      if (from) expect(at(from).intermediateOutputNames).toContain(name)
      const takesGroup = (block: BlockNode) => block.inputs.some(input => input.name === null)
      if (to) expect(at(to).inputNames.includes(name) || takesGroup(at(to))).toBe(true)
    }
  })
})
