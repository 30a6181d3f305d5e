/** `tesserae serve` and `tesserae worker`, as processes: draw over HTTP, end by a signal, refuse options that do not fit. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import sharp from 'sharp'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { describeWithRedis, RedisServer } from '../server/redis-server'
import { runCli } from './run-cli'

const folder = useTemporaryFolder()
const program = join(__dirname, '..', '..', 'dist', 'cli', 'main.js')
const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Starts a command that runs until a signal, and returns it with the first line that it prints. */
async function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder(), stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, line }
}

async function end({ child }: { child: ChildProcess }): Promise<unknown> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  return (await ended)[0]
}

/** Asks for a picture, waits for it and returns its file. */
async function draw(address: string): Promise<Buffer> {
  const body = JSON.stringify({ inputs: { prompt: 'red apple', numInferenceSteps: 2 }, seed: 1 })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${address}/v1/jobs`, { method: 'POST', headers, body })
  expect(answer.status).toBe(202)
  const { id } = (await answer.json()) as { id: string }
  const events = await (await fetch(`${address}/v1/jobs/${id}/events`)).text()
  expect(events).toMatch(/"type":"finished"/)
  return Buffer.from(await (await fetch(`${address}/v1/jobs/${id}/pictures/images-0.png`)).arrayBuffer())
}

test('serve draws with the bundled model, keeps pictures in the given folder, and ends with 0 at SIGTERM', async () => {
  const results = join(folder(), 'my pictures')
  const server = await start('serve', '--port', '0', '--results', results)
  expect(server.line).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const picture = await draw(server.line)
  expect(await sharp(picture).metadata()).toMatchObject({ format: 'png', width: 64, height: 64 })
  expect(await end(server)).toBe(0)
  await access(results)
})

test.each([
  [['--prefix', 'mine'], /--prefix: .*Pass --redis URL/],
  [['--redis', 'redis://127.0.0.1:1', '--queue-file', 'jobs.sqlite', '--results', 'r'], /--queue-file: .*not both/],
  [['--redis', 'redis://127.0.0.1:1'], /--results: .*Pass a folder that both reach/],
  [['--redis', 'redis://127.0.0.1:1', '--results', 'r', '--quantization', 'auto'], /--quantization: .*tesserae worker/],
  [['--redis', 'redis://127.0.0.1:1', '--results', 'r', '--memory-limit', '6GB'], /--memory-limit: .*tesserae worker/],
  [['--redis', 'redis://127.0.0.1:1', '--results', 'r', '--batch', '2'], /--batch: .*tesserae worker/],
  [['--lora-dir', 'nowhere'], /--lora-dir: .*cannot be read/],
])('serve %j is refused before anything starts', async (args, message) => {
  const { code, stdout, stderr } = await runCli(['serve', ...args], { cwd: folder() })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(message)
})

describeWithRedis('with Redis', () => {
  test('a server without workers hands jobs to a worker in another process, and sends its pictures', async () => {
    const redis = await RedisServer.start()
    try {
      const place = ['--redis', redis.url, '--results', 'pictures']
      const server = await start('serve', '--port', '0', ...place)
      const worker = await start('worker', ...place, '--batch', '2', '--lora-dir', '.')
      const picture = await draw(server.line)
      expect(await sharp(picture).metadata()).toMatchObject({ format: 'png', width: 64 })
      expect(await Promise.all([end(worker), end(server)])).toEqual([0, 0])
    } finally {
      await redis.remove()
    }
  })
})
