/** A Redis of one's own, on a free port. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const isInstalled = (program: string) => spawnSync(program, ['--version']).status === 0

/** The program of the server: `TESSERAE_REDIS_SERVER`, or the one that is installed; `undefined` if both are missing. */
export const REDIS_PROGRAM = process.env['TESSERAE_REDIS_SERVER'] ?? ['redis-server', 'valkey-server'].find(isInstalled)

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A server that can be stopped and started again with what it held. */
export class RedisServer {
  private process: ChildProcess | undefined
  private readonly folder = mkdtempSync(join(tmpdir(), 'tesserae-redis-'))

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    await server.begin()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async begin(): Promise<void> {
    const settings = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '']
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
    const started = spawn(REDIS_PROGRAM as string, [...settings, ...durable], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.process = started
    let log = ''
    for await (const chunk of started.stdout) {
      log += chunk
      if (log.includes('eady to accept connections')) break
    }
    started.stdout.resume()
  }

  /** Ends it at once, as a loss of power would. */
  async kill(): Promise<void> {
    const { process } = this
    if (process === undefined) return
    this.process = undefined
    process.kill('SIGKILL')
    await once(process, 'exit')
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
