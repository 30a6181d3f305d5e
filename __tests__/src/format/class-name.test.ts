import * as tesserae from 'tesserae'
import { guiderClasses } from '../../../components/guiders/base-guidance'
import { schedulerClasses } from '../../../components/schedulers/scheduler-classes'
import { classNameOf } from '../../../src/format/class-name'
import { componentClassNames, findComponentClass } from '../../../src/params/component-classes'
import { blockClassNames, findBlocks } from '../../../src/pipeline/pipeline-families'

class Parent {
  static readonly className: string = 'Known'
}
class Child extends Parent {}
class NamedChild extends Parent {
  static override readonly className = 'Other'
}

describe('classNameOf()', () => {
  it('is the static name of a class and of its instances', () => {
    expect([classNameOf(Parent), classNameOf(new Parent())]).toEqual(['Known', 'Known'])
    expect([classNameOf(NamedChild), classNameOf(new NamedChild())]).toEqual(['Other', 'Other'])
  })

  it('is the name in the code for a subclass without a static name', () => {
    expect([classNameOf(Child), classNameOf(new Child())]).toEqual(['Child', 'Child'])
  })

  it('names what has no class, and what claims a false one', () => {
    expect([Object.create(null), { constructor: 'text' }, null, undefined].map(classNameOf)).toEqual([
      'Object',
      'Object',
      'Object',
      'Object',
    ])
  })
})

describe('The classes of the package', () => {
  const named = Object.entries(tesserae as Record<string, unknown>).filter(
    ([, value]) => typeof value === 'function' && 'className' in value,
  )

  it.each(named)('%s states the name that it is exported by', (name, type) => {
    expect(Object.getOwnPropertyDescriptor(type, 'className')?.value).toBe(name)
  })

  it('that an index may name all state their names', () => {
    const types = [
      ...componentClassNames().map(findComponentClass),
      ...blockClassNames().map(name => findBlocks(name, undefined)),
      ...schedulerClasses,
      ...guiderClasses,
    ]
    expect(types.length).toBeGreaterThan(50)
    expect(types.filter(type => type === undefined || !Object.hasOwn(type, 'className'))).toEqual([])
  })
})

describe('A class whose name a minifier changed', () => {
  const rename = (type: object) => Object.defineProperty(type, 'name', { value: 'a' })

  it('is found by its name, saved by it, and loaded again', () => {
    class Mine extends tesserae.EulerDiscreteScheduler {
      static override readonly className = 'MyScheduler'
    }
    rename(Mine)
    tesserae.SchedulerMixin.register(Mine)
    const made = tesserae.SchedulerMixin.fromConfig({ _class_name: 'MyScheduler' })
    expect(made).toBeInstanceOf(Mine)
    expect(tesserae.ComponentSpec.fromComponent('scheduler', made).typeName).toBe('MyScheduler')
  })

  it('describes its blocks by its name', () => {
    class Blocks extends tesserae.StableDiffusionTextToImageBlocks {
      static override readonly className = 'MyBlocks'
    }
    rename(Blocks)
    const blocks = new Blocks()
    expect(blocks.describe().class).toBe('MyBlocks')
    expect(String(blocks)).toContain('MyBlocks(')
    expect(blocks.toMarkdown()).toContain('MyBlocks')
  })
})
