import { Block, Component, Config, type In, Input, ModularPipelineBlocks, type Out, Output } from '../../../src'
import { Repeat } from '../fixtures/toy-blocks'

@Block({ description: 'The parent.', modelName: 'family' })
class Parent extends ModularPipelineBlocks {
  @Input({ default: 1 }) a!: In<number>
  @Input({ default: 2 }) b!: In<number>
  @Output() y!: Out<number>
  @Component(Date) clock!: Date
  @Config({ default: true }) flag!: boolean
}

@Block({ version: '2.0.0' })
class Child extends Parent {
  @Input({ default: 3 }) c!: In<number>
  @Input({ default: 10 }) override a!: In<number>
  @Output() z!: Out<number>
}

class Bystander extends Parent {}

describe('declarations of a subclass', () => {
  test('add to those of the parent, which stays as it is', () => {
    expect(new Child().inputNames).toEqual(['a', 'b', 'c'])
    expect(new Child().outputNames).toEqual(['y', 'z'])
    expect(new Parent().inputNames).toEqual(['a', 'b'])
    expect(new Parent().outputNames).toEqual(['y'])
    expect(new Bystander().inputNames).toEqual(['a', 'b'])
  })

  test('keep the place of what they redeclare', () => {
    expect(new Child().inputs.map(input => [input.name, input.default])).toEqual([
      ['a', 10],
      ['b', 2],
      ['c', 3],
    ])
    expect(new Parent().inputs[0]?.default).toBe(1)
  })

  test('inherit components, settings and the options of @Block that they do not state', () => {
    expect(new Child().componentNames).toEqual(['clock'])
    expect(new Child().expectedConfigs).toMatchObject([{ name: 'flag', default: true }])
    expect(new Child().description).toBe('The parent.')
    expect(new Child().modelName).toBe('family')
  })

  test('are the same objects at every reading, and cannot be changed', () => {
    expect(new Child().inputs).toBe(new Child().inputs)
    expect(Object.isFrozen(new Child().inputs)).toBe(true)
  })

  test('do not disturb classes that declare nothing', () => {
    class Nothing extends ModularPipelineBlocks {}
    const block = new Nothing()
    expect([block.inputs, block.outputs, block.expectedComponents, block.expectedConfigs]).toEqual([[], [], [], []])
    expect(block.description).toBe('')
    expect(block.modelName).toBeUndefined()
    expect(block.subBlocks.size).toBe(0)
  })
})

describe('overriding getters', () => {
  test('wins over the decorators', () => {
    class Dynamic extends Parent {
      constructor(private readonly names: readonly string[]) {
        super()
      }
      override get inputs() {
        return super.inputs.filter(({ name }) => this.names.includes(name as string))
      }
    }
    expect(new Dynamic(['b']).inputNames).toEqual(['b'])
    expect(new Dynamic(['a', 'b']).inputNames).toEqual(['a', 'b'])
  })
})

describe('@Block', () => {
  test('is not needed', () => {
    expect(new Repeat().kind).toBe('loop')
    class Plain extends ModularPipelineBlocks {
      @Input() x!: In<number>
    }
    expect(new Plain().requiredInputs).toEqual(['x'])
  })
})
