/** The queue in the process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedQueue, QueueUnavailableError } from 'tesserae/server'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { describeQueue, request, take } from './queue-contract'

const folder = useTemporaryFolder()
const file = () => join(folder(), 'jobs.sqlite')
const root = join(__dirname, '..', '..', '..')

describeQueue('a queue in memory', async options => new EmbeddedQueue(options))
describeQueue('a queue with a file', async options => new EmbeddedQueue({ ...options, file: file() }))

test('taking jobs along asks of each waiting job once, and of none of another priority', async () => {
  const queue = new EmbeddedQueue()
  for (const seed of [0, 1, 2, 3, 4, 5, 6]) await queue.submit(request({ seed, priority: seed === 6 ? 200 : 100 }))
  const asked: unknown[] = []
  const fits = ({ seed }: { readonly seed: number | string }) => asked.push(seed) > 0 && Number(seed) > 2
  const along = await queue.takeAlong(await take(queue), { worker: 'w1', most: 9, fits })
  expect(along.map(({ job }) => job.seed)).toEqual([3, 4, 5])
  expect(asked).toEqual([1, 2, 3, 4, 5])
  await queue.close()
})

describe('a queue that is opened again', () => {
  test('has all jobs, and lends those again that were running', async () => {
    const first = new EmbeddedQueue({ file: file() })
    const { job: done } = await first.submit(request({ inputs: { prompt: 'one' } }))
    await first.finish(await take(first), { pictures: [], outputs: { images: [] } })
    const { job: running } = await first.submit(request({ inputs: { prompt: 'two' }, idempotencyKey: 'k' }))
    await take(first)
    const { job: waiting } = await first.submit(request({ inputs: { prompt: 'three' } }))
    await first.close()

    const second = new EmbeddedQueue({ file: file() })
    expect(await second.get(done.id)).toMatchObject({ status: 'finished', result: { pictures: [] } })
    expect(await second.submit(request({ idempotencyKey: 'k' }))).toMatchObject({
      isNew: false,
      job: { id: running.id },
    })
    const order = [await take(second), await take(second)].map(({ job }) => [job.id, job.attempts, job.losses])
    expect(order).toEqual([
      [running.id, 2, 1],
      [waiting.id, 1, 0],
    ])
    const events: string[] = []
    for await (const { event } of second.events(done.id)) events.push(event.type)
    expect(events).toEqual(['finished'])
    await second.close()
  })

  test('forgets ended jobs after their retention, and says which', async () => {
    const removed: string[] = []
    const options = {
      file: file(),
      retention: 100,
      leaseDuration: 200,
      onRemoved: (ids: readonly string[]) => removed.push(...ids),
    }
    const queue = new EmbeddedQueue(options)
    const { job } = await queue.submit(request())
    await queue.finish(await take(queue), { pictures: [], outputs: {} })
    while (removed.length === 0) await new Promise(resolve => setTimeout(resolve, 50))
    expect(removed).toEqual([job.id])
    expect(await queue.get(job.id)).toBeUndefined()
    await queue.close()
  })

  test('is refused while another process has its file, and has what that accepted before it was killed', async () => {
    const script = `
      const { EmbeddedQueue } = require(${JSON.stringify(join(root, 'dist', 'server'))})
      const queue = new EmbeddedQueue({ file: ${JSON.stringify(file())} })
      ;(async () => {
        for (let i = 0; ; i++) {
          const { job } = await queue.submit({ pipeline: 'emoji', inputs: { i } })
          process.stdout.write(job.id + '\\n')
          await new Promise(setImmediate)
        }
      })()`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
    })
    while (text.split('\n').length < 100) await once(child.stdout, 'data')
    expect(() => new EmbeddedQueue({ file: file() })).toThrow(QueueUnavailableError)
    child.kill('SIGKILL')
    await once(child, 'close')
    const told = text.split('\n').slice(0, -1)
    const queue = new EmbeddedQueue({ file: file() })
    const known = await Promise.all(told.map(async id => (await queue.get(id))?.status))
    expect(new Set(known)).toEqual(new Set(['queued']))
    // One may have been accepted whose id was not written.
    expect((await queue.counts()).queued - told.length).toBeLessThanOrEqual(1)
    await queue.close()
  })
})

test.each([
  ['a text', 'no database'],
  ['a folder that is missing', undefined],
])('a file that is %s is refused', (_, content) => {
  const path = content === undefined ? join(folder(), 'missing', 'jobs.sqlite') : file()
  if (content !== undefined) writeFileSync(path, content.repeat(1000))
  expect(() => new EmbeddedQueue({ file: path })).toThrow(QueueUnavailableError)
})
