/** A manager that offloads models when memory is short. */
import {
  ComponentsManager,
  InvalidByteSizeError,
  type ManagerEvent,
  type ManagerWarning,
  OffloadNotEnabledError,
  UnknownFreeMemoryError,
  UnknownValueError,
} from '../../../src'
import { ToyMemory, ToyModel } from './toy-model'

/** A manager, and what it has told. */
function makeManager() {
  const events: ManagerEvent[] = []
  const manager = new ComponentsManager({ onEvent: event => events.push(event) })
  const warnings = () => events.filter((event): event is ManagerWarning => event.type === 'warning')
  return { manager, events, codes: () => warnings().map(({ code }) => code), warnings }
}

describe('automatic offload', () => {
  test('starts with all models outside memory, and those that come later too', async () => {
    const { manager } = makeManager()
    const [first, second] = [new ToyModel(4), new ToyModel(4)]
    manager.add('first', first)
    await first.call()
    await second.call()
    manager.enableAutoCpuOffload({ limit: 100 })
    expect(first.isInMemory).toBe(false)
    manager.add('second', second)
    expect(second.isInMemory).toBe(false)
    expect(second.callGuard).toBeDefined()
    expect(manager).toMatchObject({ isAutoCpuOffloadEnabled: true, loadsLazily: true })
  })

  test('lets the model that was called longest ago leave, and says so', async () => {
    const { manager, events } = makeManager()
    const memory = new ToyMemory()
    const models = [4, 4, 4].map(bytes => new ToyModel(bytes, memory)) as [ToyModel, ToyModel, ToyModel]
    const ids = models.map((model, i) => manager.add(`m${i}`, model))
    manager.enableAutoCpuOffload({ limit: 8 })
    const [a, b, c] = models
    for (const model of [a, b, a, c]) await model.call()
    expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, false, true])
    expect(memory.peak).toBe(8)
    expect(events.at(-1)).toEqual({
      type: 'offload',
      id: ids[2],
      bytes: 4,
      free: 0,
      candidates: [ids[1], ids[0]],
      offloaded: [ids[1]],
    })
  })

  test('takes another strategy, by name or as a function', async () => {
    const memory = new ToyMemory()
    const models = [5, 3, 6].map(bytes => new ToyModel(bytes, memory)) as [ToyModel, ToyModel, ToyModel]
    const { manager } = makeManager()
    const ids = models.map((model, i) => manager.add(`m${i}`, model))
    expect(() => manager.setOffloadStrategy('leastRecentlyUsed')).toThrow(OffloadNotEnabledError)
    manager.enableAutoCpuOffload({ limit: 11, offloadStrategy: 'smallestCombination' })
    for (const model of models) await model.call()
    expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, false, true])
    manager.setOffloadStrategy(() => [ids[0] as string, ids[2] as string])
    await models[1].call()
    expect(models.map(({ isInMemory }) => isInMemory)).toEqual([false, true, false])
    manager.setOffloadStrategy(() => ['nobody_1'])
    await expect(models[2].call()).rejects.toThrow(UnknownValueError)
    manager.setOffloadStrategy('leastRecentlyUsed')
    await models[2].call()
    expect(() => manager.setOffloadStrategy('newest' as never)).toThrow('offload strategy "newest"')
  })

  test('keeps a margin free of what there is', async () => {
    const { manager } = makeManager()
    const memory = new ToyMemory(10)
    const [a, b] = [new ToyModel(4, memory), new ToyModel(4, memory)]
    manager.add('a', a)
    manager.add('b', b)
    manager.enableAutoCpuOffload({ memoryReserveMargin: '3B' })
    await a.call()
    await b.call()
    expect([a.isInMemory, b.isInMemory]).toEqual([false, true])
    manager.enableAutoCpuOffload({ memoryReserveMargin: 2 })
    await a.call()
    await b.call()
    expect([a.isInMemory, b.isInMemory]).toEqual([true, true])
  })

  test('refuses a margin of memory that nobody can measure, and keeps 3 GB by default', () => {
    const { manager } = makeManager()
    manager.add('known', new ToyModel(4, new ToyMemory(1e10)))
    manager.enableAutoCpuOffload()
    expect(() => manager.add('unknown', new ToyModel(4))).toThrow(UnknownFreeMemoryError)
    expect(manager.components.size).toBe(1)
    const other = makeManager().manager
    other.add('unknown', new ToyModel(4))
    expect(() => other.enableAutoCpuOffload()).toThrow("enableAutoCpuOffload({ limit: '8GB' })")
    expect(other.isAutoCpuOffloadEnabled).toBe(false)
    other.enableAutoCpuOffload({ limit: 8 })
  })

  test('refuses limits that are none', () => {
    const { manager } = makeManager()
    for (const limit of ['much', '3Gb', -1, Number.NaN, '']) {
      expect(() => manager.enableAutoCpuOffload({ limit })).toThrow(InvalidByteSizeError)
    }
    expect(manager.isAutoCpuOffloadEnabled).toBe(false)
  })

  test('leaves pinned models, and those without a file, where they are', async () => {
    const { manager, codes } = makeManager()
    const memory = new ToyMemory()
    const pinned = new ToyModel(4, memory)
    const fixed = new ToyModel(2, memory, { canOffload: false })
    const [a, b] = [new ToyModel(4, memory), new ToyModel(4, memory)]
    await fixed.call()
    const id = manager.add('pinned', pinned)
    for (const [name, model] of Object.entries({ fixed, a, b })) manager.add(name, model)
    manager.pin(id)
    manager.enableAutoCpuOffload({ limit: 10 })
    for (const model of [pinned, a, b, a]) await model.call()
    expect([pinned, fixed, a, b].map(({ isInMemory }) => isInMemory)).toEqual([true, true, true, false])
    expect(memory.peak).toBe(10)
    expect(pinned.loads).toBe(1)
    manager.unpin(id)
    await b.call()
    expect(pinned.isInMemory).toBe(false)
    expect(codes()).toEqual([])
    expect(() => manager.pin('pinned_0')).toThrow(UnknownValueError)
  })

  test('calls a model that fits nowhere all the same, alone, with a warning', async () => {
    const { manager, codes } = makeManager()
    const memory = new ToyMemory()
    const [small, large] = [new ToyModel(4, memory), new ToyModel(20, memory)]
    manager.add('small', small)
    manager.add('large', large)
    manager.enableAutoCpuOffload({ limit: 8 })
    await small.call()
    await large.call()
    expect(memory.peak).toBe(20)
    expect(codes()).toEqual(['OVER_MEMORY_LIMIT'])
  })

  test('ends when it is turned off: models leave memory, and stay in it from their next calls on', async () => {
    const { manager } = makeManager()
    const memory = new ToyMemory()
    const [a, b] = [new ToyModel(4, memory), new ToyModel(4, memory)]
    manager.add('a', a)
    manager.add('b', b)
    manager.disableAutoCpuOffload()
    manager.enableAutoCpuOffload({ limit: 4 })
    await a.call()
    manager.disableAutoCpuOffload()
    expect([a.isInMemory, a.callGuard, manager.isAutoCpuOffloadEnabled]).toEqual([false, undefined, false])
    await a.call()
    await b.call()
    expect(memory.used).toBe(8)
  })

  test('forgets a model that is removed, and looks after the others', async () => {
    const { manager } = makeManager()
    const memory = new ToyMemory()
    const [a, b] = [new ToyModel(4, memory), new ToyModel(4, memory)]
    const id = manager.add('a', a)
    manager.add('b', b)
    manager.enableAutoCpuOffload({ limit: 4 })
    manager.pin(id)
    await a.call()
    manager.remove(id)
    expect([a.isInMemory, a.callGuard]).toEqual([false, undefined])
    expect(b.callGuard).toBeDefined()
    manager.add('a', a)
    await a.call()
    await b.call()
    expect(memory.peak).toBe(4)
  })

  test('leaves a model alone that another manager looks after', async () => {
    const [one, other] = [makeManager().manager, makeManager().manager]
    const model = new ToyModel(4)
    const id = one.add('a', model)
    other.add('a', model)
    one.enableAutoCpuOffload({ limit: 8 })
    other.enableAutoCpuOffload({ limit: 8 })
    const guard = model.callGuard
    await model.call()
    one.disableAutoCpuOffload()
    one.remove(id)
    expect(model.callGuard).toBe(guard)
    expect(model.isInMemory).toBe(true)
  })
})
