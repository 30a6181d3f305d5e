/** Readers of events, in a process of their own: a fifth of them is slow. It sends the number of bytes that they received to its parent, and ends. */
import { type IncomingMessage, request } from 'node:http'
import { agent, ask } from './ask'

/** What the process is started with, as JSON. */
export interface ReaderSettings {
  readonly address: string
  /** Streams that are open at the same time. */
  readonly streams: number
  readonly seconds: number
}

async function main({ address, streams, seconds }: ReaderSettings): Promise<void> {
  const body = { inputs: { prompt: 'red apple', numInferenceSteps: 50 } }
  const submit = async () => (JSON.parse(await ask(`${address}/v1/jobs`, body)) as { id: string }).id
  const ids = [await submit(), await submit(), await submit(), await submit()]
  const end = Date.now() + 1000 * seconds
  let received = 0
  const readers = Array.from({ length: streams }, async (_, i) => {
    while (Date.now() < end) {
      const id = ids[i % ids.length] as string
      await read(`${address}/v1/jobs/${id}/events`, i % 5 === 0, end, bytes => {
        received += bytes
      })
      if (ids[i % ids.length] === id) ids[i % ids.length] = await submit()
    }
  })
  await Promise.all(readers)
  process.send?.(received, () => process.exit(0))
}

/** Reads a stream of events to its end, or to a time; a slow reader takes a little every 200 ms. */
function read(url: string, isSlow: boolean, end: number, onBytes: (count: number) => void): Promise<void> {
  return new Promise(resolve => {
    const sent = request(url, { agent }, (answer: IncomingMessage) => {
      const timer = setTimeout(() => sent.destroy(), Math.max(0, end - Date.now()))
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      answer.on('data', (chunk: Buffer) => {
        onBytes(chunk.length)
        if (!isSlow) return
        answer.pause()
        setTimeout(() => answer.resume(), 200)
      })
      answer.on('close', done)
    })
    sent.on('error', () => resolve())
    sent.end()
  })
}

void main(JSON.parse(process.argv[2] as string))
