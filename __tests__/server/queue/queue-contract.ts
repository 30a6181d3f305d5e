/** What every engine of the queue does. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  InvalidJobError,
  type JobQueue,
  type JobRequest,
  type JobResult,
  type Lease,
  type NumberedEvent,
  QueueFullError,
  type QueueOptions,
  TooManyJobsError,
} from 'tesserae/server'

/** A request for a pipeline that no test runs. */
export const request = (change: Partial<JobRequest> = {}): JobRequest => ({
  pipeline: 'emoji',
  inputs: { prompt: 'red apple' },
  seed: 1,
  ...change,
})

const result: JobResult = { pictures: [], outputs: { images: [] } }
const failure = { code: 'BROKEN', message: 'It broke.' }

/** Takes the next job; it must be there. */
export async function take(queue: JobQueue, options: { held?: string[]; worker?: string } = {}): Promise<Lease> {
  const signal = AbortSignal.timeout(60_000)
  const lease = await queue.take({ worker: 'w1', pipelines: ['emoji', 'other'], ...options, signal })
  if (lease === undefined) throw new Error('There is no job to take.')
  return lease
}

/** Whether there is no job to take. */
async function isEmpty(queue: JobQueue): Promise<boolean> {
  const lease = await queue.take({ worker: 'w1', pipelines: ['emoji', 'other'], signal: AbortSignal.timeout(300) })
  return lease === undefined
}

async function all(events: AsyncIterable<NumberedEvent>): Promise<NumberedEvent[]> {
  const found: NumberedEvent[] = []
  for await (const event of events) found.push(event)
  return found
}

const types = (events: readonly NumberedEvent[]) => events.map(({ event }) => event.type)

/** Tests of one engine. */
export function describeQueue(name: string, open: (options?: QueueOptions) => Promise<JobQueue>): void {
  describe(name, () => {
    let queue: JobQueue
    beforeEach(async () => {
      queue = await open({ leaseDuration: 1_000, maxLosses: 2 })
    })
    afterEach(async () => queue.close())

    test('accepts a job, lends it and ends it', async () => {
      const { job, isNew } = await queue.submit(request())
      expect([isNew, job.status, job.output, job.priority, job.attempts]).toEqual([true, 'queued', ['images'], 100, 0])
      expect(await queue.get(job.id)).toEqual(job)
      const lease = await take(queue)
      expect(lease.job).toMatchObject({ id: job.id, status: 'running', attempts: 1, inputs: { prompt: 'red apple' } })
      expect(await queue.heartbeat(lease)).toBe('continue')
      await queue.publish(lease, { type: 'loopStep', step: 3 }, { path: ['denoise'], step: 3, total: 4 })
      expect((await queue.get(job.id))?.progress).toEqual({ path: ['denoise'], step: 3, total: 4 })
      expect(await queue.finish(lease, result)).toBe(true)
      const ended = await queue.get(job.id)
      expect(ended).toMatchObject({ status: 'finished', result, seed: 1 })
      expect(ended?.endedAt).toBeGreaterThanOrEqual(job.createdAt)
      expect(types(await all(queue.events(job.id)))).toEqual(['queued', 'started', 'loopStep', 'finished'])
      expect(await isEmpty(queue)).toBe(true)
    })

    test('takes jobs along that fit, in their order', async () => {
      const submit = async (change: Partial<JobRequest>) => (await queue.submit(request(change))).job.id
      const ids = [await submit({}), await submit({ seed: 2 }), await submit({ seed: 3 })]
      await submit({ priority: 200 })
      const last = await submit({ seed: 9, priority: 200 })
      await submit({ pipeline: 'other' })
      const lease = await take(queue, { held: ['emoji'] })
      expect(lease.job.id).toBe(ids[0])
      const fits = ({ seed }: { readonly seed: number | string }) => seed !== 9
      const along = await queue.takeAlong(lease, { worker: 'w1', most: 1, fits })
      expect(along.map(({ job }) => [job.id, job.status, job.attempts])).toEqual([[ids[1], 'running', 1]])
      const more = await queue.takeAlong(lease, { worker: 'w1', most: 5, fits })
      expect(more.map(({ job }) => job.id)).toEqual([ids[2]])
      expect(await queue.takeAlong(lease, { worker: 'w1', most: 5, fits })).toEqual([])
      for (const each of [lease, ...along, ...more]) expect(await queue.finish(each, result)).toBe(true)
      expect(await queue.get(last)).toMatchObject({ status: 'queued', attempts: 0 })
    })

    test('ends a job once: who has ended it, or lost it, is refused', async () => {
      await queue.submit(request())
      const lease = await take(queue)
      expect(await queue.fail(lease, failure)).toBe(true)
      expect(await queue.finish(lease, result)).toBe(false)
      expect(await queue.fail(lease, failure)).toBe(false)
      expect(await queue.giveBack(lease, 'given-back')).toBe(false)
      expect(await queue.heartbeat(lease)).toBe('lost')
      expect(await queue.get(lease.job.id)).toMatchObject({ status: 'failed', error: failure })
      expect(types(await all(queue.events(lease.job.id)))).toEqual(['queued', 'started', 'failed'])
    })

    test('draws a seed for a job that names none', async () => {
      const { job } = await queue.submit(request({ seed: undefined }))
      expect(job.seed).toEqual(expect.any(Number))
      expect((await take(queue)).job.seed).toBe(job.seed)
    })

    test('gives the same job for the same idempotency key of a client', async () => {
      const first = await queue.submit(request({ client: 'ann', idempotencyKey: 'a' }), { maxQueued: 1 })
      const again = await queue.submit(request({ client: 'ann', idempotencyKey: 'a', seed: 2 }), { maxQueued: 1 })
      expect([again.isNew, again.job]).toEqual([false, first.job])
      const other = await queue.submit(request({ client: 'bob', idempotencyKey: 'a' }))
      expect([other.isNew, other.job.id === first.job.id]).toEqual([true, false])
      const lease = await take(queue)
      await queue.finish(lease, result)
      const late = await queue.submit(request({ client: 'ann', idempotencyKey: 'a' }))
      expect(late).toMatchObject({ isNew: false, job: { status: 'finished' } })
    })

    test('accepts a key once of many requests at a time', async () => {
      const submit = () => queue.submit(request({ idempotencyKey: 'k' }))
      const submitted = await Promise.all(Array.from({ length: 20 }, submit))
      expect(submitted.filter(({ isNew }) => isNew)).toHaveLength(1)
      expect(new Set(submitted.map(({ job }) => job.id)).size).toBe(1)
      expect((await queue.counts()).queued).toBe(1)
    })

    test('lends by priority, then in order, and prefers models that are held', async () => {
      const submit = async (label: string, change: Partial<JobRequest>) => {
        await queue.submit(request({ ...change, inputs: { label } }))
      }
      await submit('late', { priority: 200 })
      await submit('a', {})
      await submit('b', {})
      await submit('other', { pipeline: 'other' })
      await submit('urgent', { priority: 0 })
      const labels: unknown[] = []
      for (const held of [['other'], ['other'], [], ['emoji'], ['other']]) {
        labels.push((await take(queue, { held })).job.inputs['label'])
      }
      expect(labels).toEqual(['urgent', 'other', 'a', 'b', 'late'])
    })

    test('lends only jobs of pipelines that a worker has', async () => {
      await queue.submit(request({ pipeline: 'foreign' }))
      expect(await isEmpty(queue)).toBe(true)
    })

    test('gives a job at once to a worker that waits', async () => {
      const waiting = take(queue)
      await sleep(100)
      const { job } = await queue.submit(request())
      expect((await waiting).job.id).toBe(job.id)
    })

    test('cancels a job that waits', async () => {
      const { job } = await queue.submit(request())
      expect(await queue.cancel(job.id)).toMatchObject({ status: 'cancelled' })
      expect(await queue.get(job.id)).toMatchObject({ id: job.id, status: 'cancelled', inputs: job.inputs })
      expect(await isEmpty(queue)).toBe(true)
      expect(types(await all(queue.events(job.id)))).toEqual(['queued', 'cancelled'])
      expect(await queue.cancel(job.id)).toMatchObject({ status: 'cancelled' })
      expect(await queue.counts()).toMatchObject({ queued: 0, cancelled: 1 })
    })

    test('tells the worker of a job that was cancelled', async () => {
      await queue.submit(request())
      const lease = await take(queue)
      const told = queue.interrupted(lease, new AbortController().signal)
      expect(await queue.cancel(lease.job.id)).toMatchObject({ status: 'running' })
      expect(await told).toBe('cancel')
      expect(await queue.heartbeat(lease)).toBe('cancel')
      expect(await queue.confirmCancel(lease)).toBe(true)
      expect(await queue.get(lease.job.id)).toMatchObject({ status: 'cancelled' })
      expect(types(await all(queue.events(lease.job.id)))).toEqual(['queued', 'started', 'cancelled'])
    })

    test('lets a job end well that was done when it was cancelled, and leaves ended ones alone', async () => {
      await queue.submit(request())
      const lease = await take(queue)
      await queue.cancel(lease.job.id)
      expect(await queue.finish(lease, result)).toBe(true)
      expect(await queue.cancel(lease.job.id)).toMatchObject({ status: 'finished' })
      expect(await queue.get(lease.job.id)).toMatchObject({ status: 'finished' })
    })

    test('lends a job again whose worker is not heard of, and refuses that worker', async () => {
      const { job } = await queue.submit(request())
      const lost = await take(queue)
      const told = queue.interrupted(lost, AbortSignal.timeout(60_000))
      const lease = await take(queue, { worker: 'w2' })
      expect(lease.job).toMatchObject({ id: job.id, attempts: 2, losses: 1 })
      expect(await told).toBe('lost')
      expect(await queue.heartbeat(lost)).toBe('lost')
      await queue.publish(lost, { type: 'loopStep', step: 9 })
      expect(await queue.finish(lost, result)).toBe(false)
      expect(await queue.finish(lease, result)).toBe(true)
      const told2 = types(await all(queue.events(job.id)))
      expect(told2).toEqual(['queued', 'started', 'requeued', 'started', 'finished'])
    })

    test('keeps a job with a worker that sends heartbeats', async () => {
      await queue.submit(request())
      const lease = await take(queue)
      for (let i = 0; i < 8; i++) {
        await sleep(250)
        expect(await queue.heartbeat(lease)).toBe('continue')
      }
      expect(await queue.finish(lease, result)).toBe(true)
    })

    test('fails a job whose workers are lost too often, but not a requeued job', async () => {
      const { job } = await queue.submit(request())
      for (let i = 0; i < 4; i++) expect(await queue.giveBack(await take(queue), 'given-back')).toBe(true)
      expect(await queue.get(job.id)).toMatchObject({ status: 'queued', losses: 0 })
      expect(await queue.giveBack(await take(queue), 'worker-lost')).toBe(true)
      expect(await queue.get(job.id)).toMatchObject({ status: 'queued', losses: 1 })
      expect(await queue.giveBack(await take(queue), 'worker-lost')).toBe(true)
      expect(await queue.get(job.id)).toMatchObject({ status: 'failed', error: { code: 'WORKER_LOST' } })
    })

    test('puts a requeued job before the jobs that were submitted after it', async () => {
      const { job } = await queue.submit(request())
      await queue.submit(request())
      await queue.giveBack(await take(queue), 'given-back')
      expect((await take(queue)).job.id).toBe(job.id)
    })

    test('cancels a job whose worker gives it back', async () => {
      const { job } = await queue.submit(request())
      const lease = await take(queue)
      await queue.cancel(job.id)
      await queue.giveBack(lease, 'worker-lost')
      expect(await isEmpty(queue)).toBe(true)
      expect(await queue.get(job.id)).toMatchObject({ status: 'cancelled' })
    })

    test('tells events behind one that was seen, to any number of readers', async () => {
      const { job } = await queue.submit(request())
      const following = all(queue.events(job.id))
      const lease = await take(queue)
      for (let step = 1; step <= 5; step++) await queue.publish(lease, { type: 'loopStep', step })
      const seen: NumberedEvent[] = []
      for await (const event of queue.events(job.id)) {
        seen.push(event)
        if (seen.length === 4) break
      }
      const rest = all(queue.events(job.id, { after: seen[3]?.id }))
      await queue.finish(lease, result)
      const everything = await following
      expect(everything.map(({ event }) => (event as { step?: number }).step)).toEqual([
        undefined,
        undefined,
        1,
        2,
        3,
        4,
        5,
        undefined,
      ])
      expect([...seen, ...(await rest)]).toEqual(everything)
      expect(await all(queue.events(job.id, { after: everything.at(-1)?.id }))).toEqual([])
      expect(await all(queue.events(job.id, { after: 'of another time' }))).toEqual(everything)
      expect(await all(queue.events('emoji~none'))).toEqual([])
    })

    test('stops telling events when the signal fires', async () => {
      const { job } = await queue.submit(request())
      const stop = new AbortController()
      const told: string[] = []
      for await (const { event } of queue.events(job.id, { signal: stop.signal })) {
        told.push(event.type)
        setTimeout(() => stop.abort(), 200)
      }
      expect(told).toEqual(['queued'])
    })

    test('refuses what is beyond its limits', async () => {
      await queue.submit(request({ client: 'ann' }))
      await expect(queue.submit(request(), { maxQueued: 1 })).rejects.toThrow(QueueFullError)
      await expect(queue.submit(request({ client: 'ann' }), { maxJobsPerClient: 1 })).rejects.toThrow(TooManyJobsError)
      await queue.submit(request({ client: 'bob' }), { maxJobsPerClient: 1 })
      const lease = await take(queue)
      await expect(queue.submit(request({ client: 'ann' }), { maxJobsPerClient: 1 })).rejects.toThrow(TooManyJobsError)
      await queue.finish(lease, result)
      await queue.submit(request({ client: 'ann' }), { maxJobsPerClient: 1 })
      expect(await queue.counts()).toEqual({ queued: 2, running: 0, finished: 1, failed: 0, cancelled: 0 })
    })

    test('exceeds no limit for requests that arrive at the same moment', async () => {
      const ofAll = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => queue.submit(request({ client: `c${i}` }), { maxQueued: 5 })),
      )
      expect(ofAll.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
      const ofOne = await Promise.allSettled(
        Array.from({ length: 20 }, () => queue.submit(request({ client: 'ann' }), { maxJobsPerClient: 3 })),
      )
      expect(ofOne.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
      expect((await queue.counts()).queued).toBe(8)
    })

    test.each([
      [{ pipeline: '../x' }],
      [{ priority: -1 }],
      [{ priority: 0.5 }],
      [{ seed: 'red' }],
      [{ output: [] }],
      [{ format: 'gif' as 'png' }],
      [{ client: '' }],
      [{ previewEvery: 0 }],
      [{ inputs: [] as never }],
    ])('refuses a job with %p', async change => {
      await expect(queue.submit(request(change))).rejects.toThrow(InvalidJobError)
      expect((await queue.counts()).queued).toBe(0)
    })

    test('knows nothing of other ids', async () => {
      for (const id of ['', 'x', '../../etc', 'emoji~', 'emoji~0', 'other~abc', 'a:b~c']) {
        expect([await queue.get(id), await queue.cancel(id)]).toEqual([undefined, undefined])
      }
    })

    test('lists workers that wait or work, with the models that they hold', async () => {
      const stop = new AbortController()
      const waiting = queue.take({ worker: 'w9', pipelines: ['emoji'], held: ['emoji'], signal: stop.signal })
      await sleep(200)
      expect(await queue.workers()).toContainEqual({ name: 'w9', pipelines: ['emoji'], held: ['emoji'] })
      stop.abort()
      expect(await waiting).toBeUndefined()
    })

    test('ends what waits when it closes', async () => {
      const { job } = await queue.submit(request({ pipeline: 'foreign' }))
      const waiting = queue.take({ worker: 'w1', pipelines: ['emoji'] })
      const events = all(queue.events(job.id))
      await sleep(100)
      await queue.close()
      expect(await waiting).toBeUndefined()
      expect(types(await events)).toEqual(['queued'])
      await expect(queue.submit(request())).rejects.toThrow('closed')
    })
  })
}
