/** The process that runs the jobs of one worker. It ends with the worker, and takes with it nothing but the progress of its jobs. */
import { constants, getPriority, setPriority } from 'node:os'
import { PipelineHost } from './pipeline-host'
import type { RunnerHooks } from './runner'
import type { FromRunner, NumberedRunEvent, NumberedTask, ToRunner } from './runner-messages'

// Drawing takes all processors. The server, its clients and other programs come first, so that they answer in time; ONNX Runtime's process inherits it.
// Who starts the worker with a lower priority keeps it: raising it is refused to ordinary users.
const { PRIORITY_BELOW_NORMAL } = constants.priority
if (getPriority() < PRIORITY_BELOW_NORMAL) setPriority(PRIORITY_BELOW_NORMAL)

let host: PipelineHost | undefined
const stopping = new Map<number, AbortController>()
let files = 0
const storing = new Map<number, (error: string | undefined) => void>()

/** Milliseconds for which events wait for others. Each message takes the worker, the server and the readers time from the processors that draw. */
const COLLECT = 50

let events: NumberedRunEvent[] = []
let collecting: NodeJS.Timeout | undefined

/** Sends a message behind the events before it. */
function send(message: FromRunner): void {
  sendEvents()
  post(message)
}

function sendEvents(): void {
  clearTimeout(collecting)
  collecting = undefined
  if (events.length === 0) return
  post({ is: 'events', events })
  events = []
}

function post(message: FromRunner): void {
  // A worker that is gone needs no answer.
  if (process.connected) process.send?.(message, () => undefined)
}

function store(number: number, key: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = files++
    storing.set(file, error => {
      storing.delete(file)
      if (error === undefined) resolve()
      else reject(new Error(error))
    })
    send({ is: 'file', number, file, key, bytes })
  })
}

function hooksOf(number: number): RunnerHooks {
  const stop = new AbortController()
  stopping.set(number, stop)
  return {
    signal: stop.signal,
    event: (event, progress) => {
      events.push({ number, event, progress })
      collecting ??= setTimeout(sendEvents, COLLECT)
    },
    file: (key, bytes) => store(number, key, bytes),
    state: file => send({ is: 'state', number, file }),
  }
}

async function run(host: PipelineHost, tasks: readonly NumberedTask[]): Promise<void> {
  const { computed, outcomes } = host.run(tasks.map(({ number, task }) => ({ task, hooks: hooksOf(number) })))
  for (const [i, { number }] of tasks.entries()) {
    void outcomes[i]?.then(outcome => {
      stopping.delete(number)
      send({ is: 'done', number, outcome })
    })
  }
  const problem = await computed
  send({ is: 'computed', held: host.held.map(name => [name, host.batchLimit(name)]), problem })
}

process.on('message', (message: ToRunner) => {
  if (message.do === 'run') void run(host as PipelineHost, message.tasks)
  else if (message.do === 'stop') stopping.get(message.number)?.abort(message.reason)
  else if (message.do === 'stored') storing.get(message.file)?.(message.error)
  else {
    host = new PipelineHost(message.sources, message.options)
    send({ is: 'ready' })
  }
})

// The worker ended, in whatever way.
process.on('disconnect', () => process.exit(0))
// An interrupt of the terminal goes to all of its processes: the worker decides what becomes of the job.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
