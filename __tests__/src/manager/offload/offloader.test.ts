/** Calls at the same time, under a limit. */
import { ComponentsManager, type ManagerEvent } from '../../../../src'
import { makeWork, settle, ToyMemory, ToyModel } from '../toy-model'

/** Models of these sizes under a limit. */
function under(limit: number, ...sizes: number[]) {
  const memory = new ToyMemory()
  const events: ManagerEvent[] = []
  const manager = new ComponentsManager({ onEvent: event => events.push(event) })
  manager.enableAutoCpuOffload({ limit })
  const models = sizes.map(size => new ToyModel(size, memory))
  const ids = models.map((model, i) => manager.add(`m${i}`, model))
  return { memory, manager, models: models as [ToyModel, ToyModel, ToyModel], ids, events }
}

test('a model that is being called stays, and what does not fit beside it waits', async () => {
  const { memory, models, events } = under(8, 6, 6)
  const { work, finish } = makeWork()
  const first = models[0].call(work)
  const second = models[1].call()
  await settle()
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, false])
  finish()
  await Promise.all([first, second])
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([false, true])
  expect(memory.peak).toBe(6)
  expect(events.filter(({ type }) => type === 'warning')).toEqual([])
})

test('calls that fit together are computed together', async () => {
  const { memory, models } = under(8, 4, 4)
  const [one, other] = [makeWork(), makeWork()]
  const calls = [models[0].call(one.work), models[1].call(other.work), models[0].call(one.work)]
  await settle()
  expect(memory.used).toBe(8)
  other.finish()
  one.finish()
  await Promise.all(calls)
  expect(models.map(({ loads }) => loads)).toEqual([1, 1])
})

test('room is left for the weights that a call is still to bring', async () => {
  const { manager, models } = under(10, 6)
  // It claims its bytes before it holds them.
  const slow = { form: '', bytes: () => 6 }
  const leave = await models[0].callGuard?.enter(models[0], slow)
  const other = new ToyModel(6)
  manager.add('other', other)
  let hasBegun = false
  const call = other.call().then(() => {
    hasBegun = true
  })
  await settle()
  expect(hasBegun).toBe(false)
  leave?.()
  await call
  expect(hasBegun).toBe(true)
})

test('nothing leaves memory for a call that must wait all the same', async () => {
  const { models } = under(10, 6, 3, 9)
  const { work, finish } = makeWork()
  await models[1].call()
  const calls = [models[0].call(work), models[2].call()]
  await settle()
  expect(models[1].isInMemory).toBe(true)
  finish()
  await Promise.all(calls)
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([false, false, true])
})

test('calls begin in the order in which they came, so that none waits forever', async () => {
  const { models } = under(8, 6, 6)
  const order: string[] = []
  const works = [makeWork(), makeWork(), makeWork()] as const
  const calls = [
    models[0].call(works[0].work).then(() => order.push('a')),
    models[1].call(works[1].work).then(() => order.push('b')),
    models[0].call(works[2].work).then(() => order.push('a again')),
  ]
  for (const { finish } of works.toReversed()) finish()
  await Promise.all(calls)
  expect(order).toEqual(['a', 'b', 'a again'])
})

test('many calls of three models under a limit that holds two stay under it, and all come to their ends', async () => {
  const { memory, models } = under(8, 4, 4, 4)
  let done = 0
  const calls = Array.from({ length: 60 }, async (_, i) => {
    await models[(i * 7) % 3]?.call(new Promise(resolve => setTimeout(resolve, (i * 5) % 7)))
    done++
  })
  await Promise.all(calls)
  expect(done).toBe(60)
  expect(memory.peak).toBe(8)
})

test('nothing leaves where there is room for all', async () => {
  const { memory, models, events } = under(100, 4, 4, 4)
  for (let i = 0; i < 3; i++) await Promise.all(models.map(model => model.call()))
  expect(memory.used).toBe(12)
  expect(models.map(({ loads }) => loads)).toEqual([1, 1, 1])
  expect(events.map(event => event.type === 'offload' && event.offloaded)).toEqual([[], [], []])
})

test('with no room at all, models take turns', async () => {
  const { memory, models } = under(0, 4, 4, 4)
  await Promise.all([0, 1, 2, 0, 1, 2].map(i => models[i]?.call()))
  expect(memory.peak).toBe(4)
})

test('a call that waits can be given up, and does not hold up others', async () => {
  const { models } = under(8, 6, 6, 2)
  const { work, finish } = makeWork()
  const controller = new AbortController()
  const first = models[0].call(work)
  const second = models[1].call(undefined, controller.signal)
  const third = models[2].call()
  const reason = new Error('no longer wanted')
  controller.abort(reason)
  await expect(second).rejects.toBe(reason)
  await third
  expect(models[2].isInMemory).toBe(true)
  finish()
  await first
  await expect(models[1].call(undefined, controller.signal)).rejects.toBe(reason)
  expect(models[1].loads).toBe(0)
})

test('a call that fails makes room as any other', async () => {
  const { memory, models } = under(8, 6, 6)
  const failing = models[0].call(Promise.reject(new Error('broken')))
  const second = models[1].call()
  await expect(failing).rejects.toThrow('broken')
  await second
  expect(memory.peak).toBe(6)
})

test('a model that is removed while it is called leaves memory afterwards, and what waits continues', async () => {
  const { manager, models, ids } = under(8, 6, 6)
  const { work, finish } = makeWork()
  const first = models[0].call(work)
  const [second, again] = [models[1].call(), models[0].call()]
  await settle()
  manager.remove(ids[0] as string)
  expect(models[0].isInMemory).toBe(true)
  finish()
  await Promise.all([first, second, again])
  expect(models[0].isInMemory).toBe(false)
  expect(models[0].callGuard).toBeUndefined()
})

test('turning offload off and on again during a call forgets neither the call nor what waits', async () => {
  const { memory, manager, models } = under(8, 6, 6)
  const { work, finish } = makeWork()
  const first = models[0].call(work)
  const second = models[1].call()
  await settle()
  manager.disableAutoCpuOffload()
  manager.enableAutoCpuOffload({ limit: 8 })
  await settle()
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, false])
  finish()
  await Promise.all([first, second])
  expect(memory.peak).toBe(6)
})

test('a higher limit lets begin what waits', async () => {
  const { manager, models } = under(8, 6, 6)
  const { work, finish } = makeWork()
  const first = models[0].call(work)
  const second = models[1].call()
  await settle()
  expect(models[1].isInMemory).toBe(false)
  manager.enableAutoCpuOffload({ limit: 12 })
  await second
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, true])
  finish()
  await first
})

test('a strategy that frees too little is followed, with a warning', async () => {
  const { manager, models, events } = under(8, 6, 6)
  manager.setOffloadStrategy(() => [])
  await models[0].call()
  await models[1].call()
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, true])
  expect(events.filter(({ type }) => type === 'warning')).toMatchObject([{ code: 'OVER_MEMORY_LIMIT' }])
})

test('what a strategy throws ends the call that it was asked for, and no other', async () => {
  const { manager, models } = under(8, 6, 6)
  await models[0].call()
  manager.setOffloadStrategy(() => {
    throw new Error('cannot decide')
  })
  await expect(models[1].call()).rejects.toThrow('cannot decide')
  await models[0].call()
  manager.setOffloadStrategy('leastRecentlyUsed')
  await models[1].call()
})

test('a listener may give up the call that it is called with, and no other is lost', async () => {
  const { manager, models } = under(8, 6, 6, 20)
  const controller = new AbortController()
  const reason = new Error('too large')
  const listening = new ComponentsManager({
    onEvent: event => {
      if (event.type === 'warning') controller.abort(reason)
    },
  })
  manager.disableAutoCpuOffload()
  listening.enableAutoCpuOffload({ limit: 8 })
  for (const [i, model] of models.entries()) listening.add(`m${i}`, model)
  const { work, finish } = makeWork()
  const first = models[0].call(work)
  const [large, last] = [models[2].call(undefined, controller.signal), models[1].call()]
  finish()
  await expect(large).rejects.toBe(reason)
  await Promise.all([first, last])
  expect(models.map(({ loads }) => loads)).toEqual([1, 1, 0])
  // Nothing is taken for a call that still continues.
  await models[0].call()
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, false, false])
})

test('a model that another manager has taken over is not let leave during its calls', async () => {
  const { memory, models } = under(8, 6, 6)
  const other = new ComponentsManager()
  other.enableAutoCpuOffload({ limit: 100 })
  other.add('shared', models[0])
  const { work, finish } = makeWork()
  const first = models[0].call(work)
  await settle()
  await models[1].call()
  expect(models.map(({ isInMemory }) => isInMemory)).toEqual([true, true])
  finish()
  await first
  expect(memory.peak).toBe(12)
})
