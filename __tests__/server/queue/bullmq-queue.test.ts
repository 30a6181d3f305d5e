/** The queue on Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BullMQQueue, InvalidQueueOptionError, openQueue, QueueUnavailableError } from 'tesserae/server'
import { describeWithRedis, freePort, RedisServer } from '../redis-server'
import { describeQueue, request, take } from './queue-contract'

const result = { pictures: [], outputs: { images: [] } }

describeWithRedis('with a server', () => {
  let server: RedisServer
  let prefixes = 0
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(async () => server.remove())

  const open = (options: object = {}) =>
    openQueue({ redis: server.url, prefix: `test-${++prefixes}`, ...options }) as Promise<BullMQQueue>

  describeQueue('a queue on Redis', async options => open(options))

  test('what one process submits, another takes, and a third watches', async () => {
    const options = { prefix: 'shared' }
    const [here, there, watcher] = [await open(options), await open(options), await open(options)]
    const waiting = take(there)
    await sleep(100)
    const { job } = await here.submit(request())
    const lease = await waiting
    expect(lease.job.id).toBe(job.id)
    const types: string[] = []
    const watching = (async () => {
      for await (const { event } of watcher.events(job.id)) types.push(event.type)
    })()
    expect(await here.cancel(job.id)).toMatchObject({ status: 'running' })
    expect(await there.interrupted(lease, new AbortController().signal)).toBe('cancel')
    await there.confirmCancel(lease)
    await watching
    expect(types).toEqual(['queued', 'started', 'cancelled'])
    for (const queue of [here, there, watcher]) await queue.close()
  })

  test('jobs outlive a server that is killed, and workers and watchers continue', async () => {
    const queue = await open({ leaseDuration: 5_000 })
    const jobs = []
    for (let i = 0; i < 20; i++) jobs.push((await queue.submit(request({ inputs: { i } }))).job)
    const lease = await take(queue)
    const last = jobs.at(-1)
    const types: string[] = []
    const watching = (async () => {
      for await (const { event } of queue.events(last?.id as string)) types.push(event.type)
    })().catch(error => types.push(error.code))
    await server.kill()
    await expect(queue.submit(request())).rejects.toThrow(QueueUnavailableError)
    const early = take(queue)
    early.catch(() => undefined)
    await server.begin()
    await persist(() => queue.finish(lease, result))
    expect(await persist(() => queue.get(lease.job.id))).toMatchObject({ status: 'finished' })
    const first = await early.catch(() => undefined)
    if (first) await queue.finish(first, result)
    for (let left = first ? 18 : 19; left > 0; left--) {
      const next = await persist(() => take(queue))
      expect(await queue.finish(next, result)).toBe(true)
    }
    const ended = await Promise.all(jobs.map(async ({ id }) => (await queue.get(id))?.status))
    expect(new Set(ended)).toEqual(new Set(['finished']))
    await watching
    expect(['finished', 'QUEUE_UNAVAILABLE']).toContain(types.at(-1))
    await queue.close()
  }, 120_000)

  test('a name that nobody submitted for makes no keys', async () => {
    const queue = await open()
    for (let i = 0; i < 50; i++) expect(await queue.get(`made-up-${i}~x`)).toBeUndefined()
    expect(await queue.counts()).toEqual({ queued: 0, running: 0, finished: 0, failed: 0, cancelled: 0 })
    await queue.close()
  })

  test('a worker that works on is listed with the models that it held', async () => {
    const queue = await open()
    await queue.submit(request())
    const lease = await take(queue, { held: ['emoji'] })
    await queue.heartbeat(lease)
    expect(await queue.workers()).toEqual([{ name: 'w1', pipelines: ['emoji', 'other'], held: ['emoji'] }])
    await queue.close()
  })
})

test('a server that is not there is an error that names it', async () => {
  const port = await freePort()
  const opening = BullMQQueue.open({ url: `redis://127.0.0.1:${port}` })
  await expect(opening).rejects.toThrow(QueueUnavailableError)
  await expect(opening).rejects.toThrow(`127.0.0.1:${port}`)
})

test.each(['localhost', 'http://localhost', 'redis://'])('the URL %s is refused or not reached', async url => {
  await expect(openQueue({ redis: url })).rejects.toThrow(
    url === 'redis://' ? QueueUnavailableError : InvalidQueueOptionError,
  )
})

test('settings that exclude or need each other are refused', async () => {
  await expect(openQueue({ prefix: 'a' })).rejects.toThrow('The option "prefix" of the queue is invalid')
  await expect(openQueue({ redis: 'redis://localhost', file: 'jobs.sqlite' })).rejects.toThrow('Pass redis or file')
})

/** Asks until a server that was away answers. */
async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await ask()
    } catch (error) {
      if (i > 60) throw error
      await sleep(250)
    }
  }
}
