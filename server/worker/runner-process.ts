/** The process that runs the jobs of one worker. It ends with the worker, and takes with it nothing but the progress of one job. */
import { constants, setPriority } from 'node:os'
import { PipelineHost } from './pipeline-host'
import type { FromRunner, ToRunner } from './runner-messages'

// Drawing takes all processors. The server, its clients and other programs come first, so that they answer in time; ONNX Runtime's process inherits it.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

let host: PipelineHost | undefined
let stopping = new AbortController()
let files = 0
const storing = new Map<number, (error: string | undefined) => void>()

function send(message: FromRunner): void {
  // A worker that is gone needs no answer.
  if (process.connected) process.send?.(message, () => undefined)
}

function store(key: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const number = files++
    storing.set(number, error => {
      storing.delete(number)
      if (error === undefined) resolve()
      else reject(new Error(error))
    })
    send({ is: 'file', number, key, bytes })
  })
}

async function run(task: Extract<ToRunner, { do: 'run' }>): Promise<void> {
  stopping = new AbortController()
  const outcome = await (host as PipelineHost).run(task, {
    signal: stopping.signal,
    event: (event, progress) => send({ is: 'event', event, progress }),
    file: store,
    state: file => send({ is: 'state', file }),
  })
  send({ is: 'done', outcome, held: host?.held ?? [] })
}

process.on('message', (message: ToRunner) => {
  if (message.do === 'run') void run(message)
  else if (message.do === 'stop') stopping.abort(message.reason)
  else if (message.do === 'stored') storing.get(message.number)?.(message.error)
  else {
    host = new PipelineHost(message.sources, message.options)
    send({ is: 'ready' })
  }
})

// The worker ended, in whatever way.
process.on('disconnect', () => process.exit(0))
// An interrupt of the terminal goes to all of its processes: the worker decides what becomes of the job.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
