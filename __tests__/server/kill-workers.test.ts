/** Jobs through a server and Redis while workers, the server, its client, and Redis are killed: a short form of `fuzz/kill-workers.ts`. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeWithRedis } from './redis-server'

const program = join(__dirname, '..', '..', 'dist', 'fuzz', 'kill-workers.js')

describeWithRedis('while processes are killed', () => {
  test('every accepted job ends exactly once, with a whole picture', async () => {
    const args = [
      '--minutes',
      '9',
      '--jobs',
      '30',
      '--workers',
      '2',
      '--kill-every',
      '8',
      '--kills',
      '6',
      '--steps',
      '3',
    ]
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args])
    const found = JSON.parse(stdout)
    expect(found).toMatchObject({ accepted: 30, problems: [], restarts: 1 })
    expect(found.kills.server).toBeGreaterThan(0)
    expect((found.ends.finished ?? 0) + (found.ends.failed ?? 0)).toBe(30)
  }, 600_000)
})
