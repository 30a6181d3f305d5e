import { inject, injectable } from 'tsyringe'
import { ComponentContainer, UnknownValueError } from '../../../src'
import { failure } from '../fixtures/failures'

class Model {
  static made = 0
  isDisposed = false
  constructor() {
    Model.made++
  }
  dispose() {
    this.isDisposed = true
  }
}

@injectable()
class Guider {
  constructor(
    @inject('model') readonly model: Model,
    @inject('scale') readonly scale: number,
  ) {}
}

let container: ComponentContainer

beforeEach(() => {
  container = ComponentContainer.create()
  Model.made = 0
})

describe('registering', () => {
  test('a value gives that value', () => {
    const model = new Model()
    container.register('model', { useValue: model })
    expect(container.resolve('model')).toBe(model)
    expect(container.isRegistered('model')).toBe(true)
    expect(container.register('zero', { useValue: 0 }).resolve('zero')).toBe(0)
  })

  test('a class makes one object when it is first asked for', () => {
    container.register('model', { useClass: Model })
    expect(Model.made).toBe(0)
    expect(container.resolve('model')).toBe(container.resolve('model'))
    expect(Model.made).toBe(1)
  })

  test('a factory makes one object, and may ask the container for others', () => {
    container.register('scale', { useValue: 2 })
    container.register('list', { useFactory: own => [own.resolve('scale')] })
    expect(container.resolve('list')).toEqual([2])
    expect(container.resolve('list')).toBe(container.resolve('list'))
  })

  test('a factory may promise its object, which is there once the promise is kept', async () => {
    container.register('model', { useFactory: async () => new Model() })
    const promise = container.resolve<Model>('model')
    expect(promise).toBeInstanceOf(Promise)
    expect(container.resolve('model')).toBe(promise)
    const model = await promise
    expect(container.resolve('model')).toBe(model)
    expect(Model.made).toBe(1)
  })

  test('lets a factory that has failed try again', async () => {
    let attempts = 0
    container.register('model', {
      useFactory: async () => {
        if (attempts++ === 0) throw new Error('the network is down')
        return new Model()
      },
    })
    await expect(container.resolve('model')).rejects.toThrow('the network is down')
    expect(await container.resolve('model')).toBeInstanceOf(Model)
    let calls = 0
    container.register('plain', {
      useFactory: () => {
        if (calls++ === 0) throw new Error('not yet')
        return 1
      },
    })
    expect(() => container.resolve('plain')).toThrow('not yet')
    expect(container.resolve('plain')).toBe(1)
  })

  test('again replaces what was there', () => {
    container.register('model', { useClass: Model })
    container.resolve('model')
    container.register('model', { useValue: 'other' })
    expect(container.resolve('model')).toBe('other')
  })

  test('with scope run makes an object each time', () => {
    container.register('model', { useClass: Model }, { scope: 'run' })
    expect(container.resolve('model')).not.toBe(container.resolve('model'))
    expect(container.isMadeForEachRun('model')).toBe(true)
    container.register('model', { useClass: Model })
    expect(container.isMadeForEachRun('model')).toBe(false)
  })
})

describe('constructor injection', () => {
  test('takes components by token', () => {
    container.register('model', { useClass: Model })
    container.register('scale', { useValue: 7.5 })
    container.register('guider', { useClass: Guider })
    const guider = container.resolve<Guider>('guider') as Guider
    expect(guider).toMatchObject({ scale: 7.5 })
    expect(guider.model).toBe(container.resolve('model'))
  })

  test('names what is missing', () => {
    container.register('model', { useClass: Model })
    container.register('guider', { useClass: Guider })
    expect(() => container.resolve('guider')).toThrow(/scale/)
  })

  test('sees the registrations of a pipeline only for what is made for one run', () => {
    const child = container.createChild()
    container.register('model', { useValue: 'shared' })
    container.register('scale', { useValue: 1 })
    container.register('once', { useClass: Guider }, { scope: 'run' })
    container.register('shared', { useClass: Guider })
    child.register('scale', { useValue: 2 })
    expect((child.resolve('once') as Guider).scale).toBe(2)
    expect((child.resolve('shared') as Guider).scale).toBe(1)
  })
})

describe('a child', () => {
  test('falls back on its parent, which does not see what the child holds', () => {
    const child = container.register('model', { useClass: Model }).createChild()
    child.register('scale', { useValue: 2 })
    expect(child.resolve('model')).toBe(container.resolve('model'))
    expect(child.createChild().resolve('model')).toBe(container.resolve('model'))
    expect(container.isRegistered('scale')).toBe(false)
    expect(child.tokens).toEqual(['model', 'scale'])
    expect(container.tokens).toEqual(['model'])
  })

  test('may hold another object under the same token', () => {
    container.register('model', { useValue: 'parent' })
    const child = container.createChild().register('model', { useValue: 'child' })
    expect([container.resolve('model'), child.resolve('model')]).toEqual(['parent', 'child'])
    expect(child.tokens).toEqual(['model'])
  })

  test('sees what its parent is given later', () => {
    const child = container.createChild()
    container.register('model', { useClass: Model }, { scope: 'run' })
    expect(child.resolve('model')).toBeInstanceOf(Model)
    expect(child.isMadeForEachRun('model')).toBe(true)
    expect(child.isMadeForEachRun('other')).toBe(false)
  })

  test('leaves what its parent holds when it is disposed', async () => {
    const [shared, own] = [new Model(), new Model()]
    container.register('shared', { useValue: shared })
    const child = container.createChild()
    child.register('own', { useValue: own })
    child.register('made', { useFactory: async () => new Model() })
    child.register('never', { useClass: Model })
    child.register('plain', { useValue: null })
    const made = child.resolve<Model>('made')
    child.dispose()
    expect([shared.isDisposed, own.isDisposed, (await made).isDisposed]).toEqual([false, true, true])
    expect(Model.made).toBe(3)
    container.dispose()
    expect(shared.isDisposed).toBe(true)
  })
})

test('a token that nobody registered is named, with the closest', async () => {
  container.register('scheduler', { useValue: 1 })
  const error = await failure(UnknownValueError, () => container.resolve('schedular'))
  expect(error.message).toBe(
    'The container has no component "schedular"; it has "scheduler". Did you mean "scheduler"?',
  )
})

describe('unregister', () => {
  test('lets what a parent supplies come into sight again', () => {
    const parent = ComponentContainer.create().register('a', { useValue: 'of the parent' })
    const child = parent.createChild().register('a', { useValue: 'of the child' })
    expect(child.holds('a')).toBe(true)
    expect(child.unregister('a')).toBe(true)
    expect(child.holds('a')).toBe(false)
    expect(child.isRegistered('a')).toBe(true)
    expect(child.resolve('a')).toBe('of the parent')
    expect(child.unregister('a')).toBe(false)
    expect(parent.resolve('a')).toBe('of the parent')
  })

  test('leaves a token that nobody supplies, until somebody does', () => {
    const parent = ComponentContainer.create().register('a', { useValue: 1 })
    const child = parent.createChild()
    parent.unregister('a')
    expect(parent.isRegistered('a')).toBe(false)
    expect(child.isRegistered('a')).toBe(false)
    expect(() => child.resolve('a')).toThrow('The container has no component "a"')
    parent.register('a', { useValue: 2 })
    expect(child.resolve('a')).toBe(2)
  })

  test('disposes what it held if asked to', () => {
    const made = { disposed: 0, dispose: () => made.disposed++ }
    const container = ComponentContainer.create().register('a', { useValue: made })
    container.unregister('a')
    expect(made.disposed).toBe(0)
    container.register('a', { useValue: made }).unregister('a', { dispose: true })
    expect(made.disposed).toBe(1)
  })

  test('sees what was registered with tsyringe by hand', () => {
    const container = ComponentContainer.create()
    container.tsyringe.register('a', { useValue: 1 })
    expect(container.isRegistered('a')).toBe(true)
    expect(container.createChild().isRegistered('a')).toBe(true)
  })
})

test('peek shows what stands ready, and makes nothing', () => {
  const useFactory = jest.fn(() => 'made')
  const parent = ComponentContainer.create().register('a', { useFactory }).register('b', { useValue: 'there' })
  const child = parent.createChild()
  expect(child.peek('a')).toBeUndefined()
  expect(useFactory).not.toHaveBeenCalled()
  child.resolve('a')
  expect(child.peek('a')).toBe('made')
  expect(child.peek('b')).toBe('there')
  expect(child.peek('c')).toBeUndefined()
})
