import { createServer as createHttpServer, get, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { NumberedEvent } from '../../../server'
import { sendEvents } from '../../../server/http/event-stream'
import { type Served, serve } from './served'

let served: Served
let address: string
beforeAll(async () => {
  served = await serve({ streams: { heartbeat: 50, patience: 200 } })
  address = served.address
})
afterAll(() => served.close())

interface Message {
  readonly id: string
  readonly data: { readonly type: string }
}

/** Reads a stream to its end. */
async function read(id: string, headers: Record<string, string> = {}): Promise<Message[]> {
  const answer = await fetch(`${address}/v1/jobs/${id}/events`, { headers })
  if (answer.status === 204) return []
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const text = await answer.text()
  return text
    .split('\n\n')
    .filter(part => part.startsWith('id: '))
    .map(part => {
      const [, eventId = '', data = ''] = /^id: (.*)\ndata: (.*)$/.exec(part) ?? []
      return { id: eventId, data: JSON.parse(data) }
    })
}

async function post(prompt: string): Promise<string> {
  return (await served.post({ inputs: { prompt } })).json().id
}

test('events come in their order, from the beginning to the result', async () => {
  const id = await post('fog')
  const messages = await read(id)
  expect(messages.map(({ data }) => data.type)).toEqual([
    'queued',
    'started',
    'runStart',
    'blockStart',
    'blockEnd',
    'runEnd',
    'finished',
  ])
  expect(messages.at(-1)?.data).toMatchObject({
    result: { pictures: [{ url: `/v1/jobs/${id}/pictures/images-0.png` }] },
  })
})

test('a server that closes still tells how its last job has ended', async () => {
  const workers: { close(): Promise<unknown> }[] = []
  const closing = await serve({ isWorked: false, workers })
  const { job } = await closing.queue.submit({ pipeline: 'grey', inputs: { prompt: 'fog' } })
  const lease = await closing.queue.take({ worker: 'last', pipelines: ['grey'] })
  if (lease === undefined) throw new Error('There is a job.')
  workers.push({ close: () => closing.queue.finish(lease, { pictures: [], outputs: {} }) })
  const answer = await fetch(`${closing.address}/v1/jobs/${job.id}/events`)
  await closing.close()
  expect(await answer.text()).toContain('"type":"finished"')
})

test('a reader that comes back continues behind its last event, and learns when there is no more', async () => {
  const id = await post('fog')
  const all = await read(id)
  const rest = await read(id, { 'last-event-id': all[3]?.id as string })
  expect(rest).toEqual(all.slice(4))
  const query = await fetch(`${address}/v1/jobs/${id}/events?after=${all[3]?.id}`)
  expect((await query.text()).match(/^id: /gm)).toHaveLength(rest.length)
  expect(await read(id, { 'last-event-id': all.at(-1)?.id as string })).toEqual([])
})

test.each(['a b', 'x'.repeat(101), '"'])('the id %j of an event is refused', async last => {
  const id = await post('fog')
  const answer = await served.get(`/v1/jobs/${id}/events`, { 'last-event-id': last })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().errors[0].pointer).toBe('Last-Event-ID')
})

test('a stream shows signs of life while nothing happens, and ends when its job is cancelled', async () => {
  const id = await post('slow')
  const text = await new Promise<string>((resolve, reject) => {
    get(`${address}/v1/jobs/${id}/events`, answer => {
      let text = ''
      answer.on('data', chunk => {
        text += String(chunk)
        if (text.includes(': alive')) void served.queue.cancel(id)
      })
      answer.on('end', () => resolve(text))
    }).on('error', reject)
  })
  expect(text).toMatch(/data: \{"type":"cancelled"\}\n\n$/)
})

test('a reader that takes nothing is disconnected, and little is made for it', async () => {
  let made = 0
  async function* endless(): AsyncGenerator<NumberedEvent> {
    while (true) yield { id: String(made++), event: { type: 'filler', filler: 'x'.repeat(60_000) } }
  }
  let ended: Promise<void> | undefined
  const server = createHttpServer((_, response) => {
    ended = sendEvents(response, endless(), ({ event }) => JSON.stringify(event), new AbortController().signal, {
      patience: 100,
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  while (ended === undefined) await new Promise(setImmediate)
  await ended
  // What the system holds on its way, and one more.
  expect(made).toBeLessThan(500)
  socket.destroy()
  await new Promise(resolve => server.close(resolve))
})

test('no more streams are opened than may be', async () => {
  const limited = await serve({ limits: { maxStreams: 1 } })
  const at = limited.address
  const { id } = (await limited.post({ inputs: { prompt: 'slow' } })).json()
  const first = await fetch(`${at}/v1/jobs/${id}/events`)
  const second = await fetch(`${at}/v1/jobs/${id}/events`)
  expect([first.status, second.status]).toEqual([200, 503])
  await limited.queue.cancel(id)
  await first.text()
  await limited.close()
})

test('closing the server ends its streams', async () => {
  const other = await serve({ isWorked: false })
  const at = other.address
  const { id } = (await other.post({ inputs: { prompt: 'fog' } })).json()
  const stream = await fetch(`${at}/v1/jobs/${id}/events`)
  await other.close()
  expect(await stream.text()).toContain('"type":"queued"')
})

test('a request with a malformed head is answered', async () => {
  const status = await new Promise(resolve => {
    const sent = request(`${address}/v1/jobs`, { method: 'POST', headers: { 'content-length': '5' } }, answer =>
      resolve(answer.statusCode),
    )
    sent.end('{"a"}')
  })
  expect(status).toBe(415)
})
