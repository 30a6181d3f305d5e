/**
 * Many jobs through a server and Redis, while workers, the server, its client, and Redis itself are killed:
 * `node dist/fuzz/kill-workers.js --jobs 10000 --kill-every 4`. Every accepted job must end exactly once, and every picture must be whole. Prints the figures as JSON, and fails otherwise.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Image } from '../components'
import { BullMQQueue, FolderStore, isFinalEvent, type Job, type JobQueue } from '../server'
import { freePort, RedisServer } from './redis-server'

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '3' },
    'kill-every': { type: 'string', default: '4' },
    steps: { type: 'string', default: '4' },
    /** Processes to kill at most. */
    kills: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '600' },
  },
})
const [jobs, workers, steps] = [values.jobs, values.workers, values.steps].map(Number) as [number, number, number]
const killEvery = 1000 * Number(values['kill-every'])
const mostKills = Number(values.kills)
const end = Date.now() + 60_000 * Number(values.minutes)

/** Asks a server for all jobs, each with a key: who begins again asks for none twice. */
const SUBMIT = `
const [address, jobs, first] = process.argv.slice(1)
const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))
async function submit(i) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'job ' + i }
  const body = JSON.stringify({ inputs: { prompt: 'red apple', numInferenceSteps: ${steps} }, seed: i })
  for (;;) {
    try {
      const answer = await fetch(address + '/v1/jobs', { method: 'POST', headers, body })
      const text = await answer.text()
      if (answer.ok) return JSON.parse(text).id
      // The queue is away for a moment.
      if (answer.status !== 503) return 'refused: ' + text
    } catch {
      // So is the server.
    }
    await sleep(100)
  }
}
;(async () => {
  for (let i = Number(first); i < Number(jobs); i++) process.stdout.write(i + ' ' + (await submit(i)) + '\\n')
})()`

/** A process that is started again when it is killed. */
class Phoenix {
  private child: ChildProcess | undefined
  private isOver = false
  kills = 0

  constructor(
    private readonly args: () => readonly string[],
    private readonly onLine: (line: string) => void = () => undefined,
  ) {
    this.start()
  }

  kill(): void {
    this.kills++
    this.child?.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.isOver = true
    const { child } = this
    if (child === undefined || child.exitCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(late)
  }

  private start(): void {
    const child = spawn(process.execPath, [...this.args()], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.child = child
    let rest = ''
    child.stdout.on('data', chunk => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.onLine(line)
    })
    child.once('exit', code => {
      if (!this.isOver && code !== 0) this.start()
    })
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-kill-'))
  const redis = await RedisServer.start()
  const port = String(await freePort())
  const problems: string[] = []
  const accepted = new Map<number, string>()
  const queue = await BullMQQueue.open({ url: redis.url })
  const results = new FolderStore(folder)
  const begin = Date.now()
  const submitter = new Phoenix(
    () => ['-e', SUBMIT, `http://127.0.0.1:${port}`, String(jobs), String(accepted.size)],
    line => {
      const [, number, answer] = /^(\d+) (.*)$/.exec(line) as unknown as [string, string, string]
      if (answer.startsWith('refused')) problems.push(`job ${number} was ${answer}`)
      accepted.set(Number(number), answer)
    },
  )
  const main = join(__dirname, '..', 'cli', 'main.js')
  const shared = ['--redis', redis.url, '--results', folder]
  const limits = ['--max-queued', String(jobs), '--max-jobs-per-client', String(jobs)]
  const server = new Phoenix(() => [main, 'serve', ...shared, '--port', port, ...limits])
  const working = Array.from(
    { length: workers },
    () => new Phoenix(() => [main, 'worker', ...shared, '--save-every', '1']),
  )
  // In rounds, so that a short run kills each kind.
  let victims: Phoenix[] = [server]
  const nextVictim = () => {
    if (victims.length === 0) victims = shuffled([submitter, server, ...working])
    return victims.pop() as Phoenix
  }
  let killed = 0
  let restarts = 0
  let ended = 0
  // The first kill and the restart of Redis wait for progress, not for time: they happen on any machine.
  let nextKill = 0
  try {
    while (Date.now() < end && problems.length === 0 && (accepted.size < jobs || ended < jobs)) {
      await sleep(500)
      const counts = await queue.counts().catch(() => undefined)
      if (counts) ended = counts.finished + counts.failed + counts.cancelled
      if (restarts === 0 && ended > jobs / 3) {
        restarts++
        await redis.kill()
        await redis.begin()
        // The next round counts again what Redis still knows.
        ended = 0
      }
      if (accepted.size === 0 || Date.now() < nextKill) continue
      nextKill = Date.now() + killEvery * (0.5 + Math.random())
      if (killed++ < mostKills) nextVictim().kill()
    }
    const seconds = (Date.now() - begin) / 1000
    const { ends, takenAgain, problems: found } = await examine(queue, results, accepted)
    problems.push(...found)
    const { queued, running, finished, failed, cancelled } = await queue.counts()
    const known = queued + running + finished + failed + cancelled
    if (known !== accepted.size) problems.push(`the queue knows ${known} jobs`)
    const kills = {
      workers: working.reduce((sum, { kills }) => sum + kills, 0),
      server: server.kills,
      submitter: submitter.kills,
    }
    const figures = { jobs, accepted: accepted.size, ends, takenAgain, problems, kills, restarts, seconds }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    if (problems.length > 0 || accepted.size < jobs) process.exitCode = 1
  } finally {
    await submitter.stop()
    await Promise.all([server, ...working].map(each => each.stop()))
    await queue.close()
    await redis.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map(each => ({ each, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ each }) => each)
}

/** Looks at each job: how it ended, how often that was reported, and whether its picture is whole. */
async function examine(queue: JobQueue, results: FolderStore, accepted: ReadonlyMap<number, string>) {
  const ends: Record<string, number> = {}
  const problems: string[] = []
  let resumed = 0
  for (const [number, id] of accepted) {
    const job = await queue.get(id)
    const end = job?.status ?? 'lost'
    ends[end] = (ends[end] ?? 0) + 1
    if (job === undefined || !['finished', 'failed'].includes(job.status)) problems.push(`job ${number} is ${end}`)
    else problems.push(...(await lookAt(job, queue, results)).map(problem => `job ${number}: ${problem}`))
    if ((job?.attempts ?? 0) > 1) resumed++
  }
  return { ends, takenAgain: resumed, problems }
}

async function lookAt(job: Job, queue: JobQueue, results: FolderStore): Promise<string[]> {
  const problems: string[] = []
  let finals = 0
  for await (const { event } of queue.events(job.id)) if (isFinalEvent(event)) finals++
  if (finals !== 1) problems.push(`its end was reported ${finals} times`)
  if (job.status === 'failed' && !job.error?.message) problems.push('it failed without a reason')
  for (const { key, size, width } of job.result?.pictures ?? []) {
    try {
      const file = await results.open(job.id, key)
      const image = await Image.load(new Uint8Array(await new Response(file?.stream).arrayBuffer()))
      if (image.width !== width || file?.size !== size) problems.push(`${key} is not what was reported`)
    } catch (error) {
      problems.push(`${key}: ${(error as Error).message}`)
    }
  }
  if (job.status === 'finished' && job.result?.pictures.length !== 1) problems.push('it has no picture')
  return problems
}

void main()
