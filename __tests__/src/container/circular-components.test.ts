import { inject, injectable } from 'tsyringe'
import { CircularComponentsError, ComponentContainer, ConstructorInjectionError } from '../../../src'
import type { ComponentScope } from '../../../src/container/supplier'
import { failure } from '../fixtures/failures'

let container: ComponentContainer
beforeEach(() => {
  container = ComponentContainer.create()
})

const pause = () => new Promise<void>(resolve => setImmediate(resolve))

/** Registers factories that ask for the next one of the list, and the last one for the first. */
function circle(tokens: readonly string[], isAsync: boolean, waits: boolean, scope: ComponentScope = 'pipeline'): void {
  tokens.forEach((token, i) => {
    const next = tokens[(i + 1) % tokens.length] as string
    const later = async (own: ComponentContainer) => {
      if (waits) await pause()
      await own.resolve(next)
      return token
    }
    const atOnce = (own: ComponentContainer) => String(own.resolve(next))
    container.register(token, { useFactory: isAsync ? later : atOnce }, { scope })
  })
}

async function failureOf(...tokens: string[]): Promise<unknown> {
  try {
    await Promise.all(tokens.map(async token => container.resolve(token)))
  } catch (error) {
    return error
  }
  throw new Error('It did not fail.')
}

const MESSAGE = /depend on each other: brush -> paint -> brush\. /

describe.each<ComponentScope>(['pipeline', 'run'])('A cycle of the scope %s names itself', scope => {
  test.each([
    ['of factories', false, false],
    ['of asynchronous factories', true, false],
    ['of asynchronous factories that wait for something first', true, true],
  ])('%s', async (_, isAsync, waits) => {
    circle(['brush', 'paint'], isAsync, waits, scope)
    const error = await failureOf('brush')
    expect(error).toBeInstanceOf(CircularComponentsError)
    expect(error).toMatchObject({ code: 'CIRCULAR_COMPONENTS', message: expect.stringMatching(MESSAGE) })
  })

  test('of one factory that asks for itself, and of three', async () => {
    circle(['brush'], true, true, scope)
    expect(await failureOf('brush')).toMatchObject({ circle: ['brush', 'brush'] })
    circle(['a', 'b', 'c'], true, true, scope)
    expect(await failureOf('b')).toMatchObject({ circle: ['b', 'c', 'a', 'b'] })
  })
})

test('a cycle whose members are asked for at the same time names itself', async () => {
  circle(['brush', 'paint'], true, true)
  const error = await failureOf('brush', 'paint')
  expect(error).toMatchObject({ code: 'CIRCULAR_COMPONENTS' })
  expect((error as CircularComponentsError).circle).toHaveLength(3)
})

test('a cycle of classes names itself', async () => {
  @injectable()
  class Brush {
    constructor(@inject('paint') readonly paint: unknown) {}
  }
  @injectable()
  class Paint {
    constructor(@inject('brush') readonly brush: unknown) {}
  }
  container.register('brush', { useClass: Brush }).register('paint', { useClass: Paint })
  expect(await failure(CircularComponentsError, () => container.resolve('brush'))).toMatchObject({
    circle: ['brush', 'paint', 'brush'],
  })
})

test('a component that several need at the same time is made once, and is not a cycle', async () => {
  let count = 0
  container.register('paint', {
    useFactory: async () => {
      await pause()
      return ++count
    },
  })
  for (const token of ['left', 'right']) {
    container.register(token, { useFactory: async own => [await own.resolve('paint')] })
  }
  container.register('picture', {
    useFactory: async own => Promise.all([own.resolve('left'), own.resolve('paint'), own.resolve('right')]),
  })
  expect(await container.resolve('picture')).toEqual([[1], 1, [1]])
})

test('a component may ask for itself once it is made', async () => {
  let later: Promise<unknown> | undefined
  container.register('brush', {
    useFactory: own => {
      later = pause().then(() => own.resolve('brush'))
      return 'made'
    },
  })
  expect(container.resolve('brush')).toBe('made')
  expect(await later).toBe('made')
})

test('a factory in a child may build on the one of its parent with the same token', () => {
  container.register('brush', { useFactory: () => 'old' })
  const child = container.createChild()
  child.register('brush', { useFactory: () => `${container.resolve('brush')} and new` })
  expect(child.resolve('brush')).toBe('old and new')
})

test('after a cycle was mended, the components are made', async () => {
  circle(['brush', 'paint'], true, true)
  await failureOf('brush')
  container.register('paint', { useValue: 'red' })
  expect(await container.resolve('brush')).toBe('brush')
})

describe('A class with arguments', () => {
  class Undecorated {
    constructor(readonly size: number) {}
  }

  test('that no decorator describes is refused with what to do instead', async () => {
    container.register('brush', { useClass: Undecorated })
    const error = await failure(ConstructorInjectionError, () => container.resolve('brush'))
    expect(error.message).toMatch(
      /"brush" cannot be created: the constructor of Undecorated takes arguments.*useFactory: container => new Undecorated/,
    )
    expect(error.message).not.toContain('TypeInfo')
  })

  test('is refused by the name of the class that is not described, inside of another', async () => {
    @injectable()
    class Outer {
      constructor(@inject(Undecorated) readonly inner: Undecorated) {}
    }
    container.register('outer', { useClass: Outer })
    expect((await failure(ConstructorInjectionError, () => container.resolve('outer'))).message).toMatch(
      /constructor of Undecorated takes arguments/,
    )
  })

  test('is refused by the token that nobody registered', async () => {
    @injectable()
    class Brush {
      constructor(@inject('hair') readonly hair: unknown) {}
    }
    container.register('brush', { useClass: Brush })
    expect((await failure(ConstructorInjectionError, () => container.resolve('brush'))).message).toMatch(
      /takes the component "hair", which is not registered/,
    )
  })

  test('fails with what its own constructor, or that of what it takes, throws', () => {
    class Broken extends Error {}
    class Hair {
      constructor() {
        throw new Broken('no hair')
      }
    }
    @injectable()
    class Brush {
      constructor(@inject('hair') readonly hair: unknown) {}
    }
    container.register('hair', { useClass: Hair }).register('brush', { useClass: Brush })
    expect(() => container.resolve('hair')).toThrow(Broken)
    expect(() => container.resolve('brush')).toThrow(Broken)
  })
})
