import {
  AutoPipelineBlocks,
  Block,
  type BlockSource,
  Branch,
  ComponentSpec,
  ConfigSpec,
  SequentialPipelineBlocks,
} from '../../../src'
import { IncrementStep, Repeat, required, toy } from '../fixtures/toy-blocks'

@Block({ description: 'Chooses.', version: '1.2.0', stability: 'beta', modelName: 'family' })
class Auto extends AutoPipelineBlocks {
  @Branch({ when: 'image' }) a: BlockSource = toy({ inputs: [required('image'), { name: 's', default: 1 }] })
  @Branch() b: BlockSource = toy({ inputs: [{ name: 's', default: 2 }] })
}

describe('describe()', () => {
  test('gives a leaf as a plain object', () => {
    const leaf = toy({
      name: 'Leaf',
      inputs: [
        { name: 'x', typeHint: 'number', required: true, description: 'A number.' },
        { name: null, kwargsType: 'g' },
      ],
      outputs: [{ name: 'y', kwargsType: 'g' }],
      components: [new ComponentSpec({ name: 'clock', typeHint: Date, description: 'The time.', subfolder: 'clock' })],
    })
    expect(leaf.describe()).toEqual({
      class: 'Leaf',
      kind: 'leaf',
      description: '',
      modelName: null,
      version: null,
      stability: null,
      inputs: [
        {
          name: 'x',
          type: 'number',
          description: 'A number.',
          kwargsType: null,
          required: true,
          default: null,
          defaultsByBlock: null,
        },
        {
          name: null,
          type: null,
          description: '',
          kwargsType: 'g',
          required: false,
          default: null,
          defaultsByBlock: null,
        },
      ],
      intermediateOutputs: [{ name: 'y', type: null, description: '', kwargsType: 'g' }],
      outputs: [{ name: 'y', type: null, description: '', kwargsType: 'g' }],
      components: [
        {
          name: 'clock',
          type: 'Date',
          description: 'The time.',
          creation: 'fromPretrained',
          loadId: 'null|clock|null|null',
        },
      ],
      configs: [],
      blocks: [],
    })
  })

  test('gives a choice with its triggers and its default', () => {
    expect(new Auto().describe()).toMatchObject({
      class: 'Auto',
      kind: 'auto',
      description: 'Chooses.',
      version: '1.2.0',
      stability: 'beta',
      triggers: ['image', null],
      defaultBlock: 'b',
      blocks: [{ name: 'a' }, { name: 'b' }],
    })
    expect(new Auto().describe().inputs[1]).toMatchObject({ name: 's', default: null, defaultsByBlock: { a: 1, b: 2 } })
  })

  test('gives settings', () => {
    class Setting extends Auto {
      override get expectedConfigs() {
        return [new ConfigSpec({ name: 'flag', default: true, description: 'A flag.' })]
      }
    }
    expect(new Setting().describe().configs).toEqual([{ name: 'flag', default: true, description: 'A flag.' }])
  })

  test('gives whole trees, and survives JSON', () => {
    const tree = SequentialPipelineBlocks.fromBlocksDict({
      auto: Auto,
      loop: Repeat.fromBlocksDict({ a: IncrementStep }),
    })
    const description = tree.describe()
    expect(description.blocks.map(({ name, block }) => [name, block.kind])).toEqual([
      ['auto', 'auto'],
      ['loop', 'loop'],
    ])
    expect(description.blocks[1]?.block.blocks[0]?.block.class).toBe('IncrementStep')
    expect(JSON.parse(JSON.stringify(description))).toEqual(description)
  })
})
