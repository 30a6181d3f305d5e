import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { treeMemory } from '../../bench/process-memory'
import { watchProcess } from '../../bench/watched-process'

const onLinux = process.platform === 'linux' ? test : test.skip
const folder = mkdtempSync(join(tmpdir(), 'memory) x '))
afterAll(() => rmSync(folder, { recursive: true }))

const SIZE = 200 * 2 ** 20

/** A program that starts another, which fills memory, tells so and waits for its end. */
function makeProgram(): string {
  const inner = join(folder, 'inner.js')
  const outer = join(folder, 'outer.js')
  writeFileSync(
    inner,
    `const full = Buffer.alloc(${SIZE}, 1); process.send('full'); process.on('message', () => process.exit(full[0] - 1))`,
  )
  writeFileSync(
    outer,
    `const child = require('node:child_process').fork(${JSON.stringify(inner)})
     child.on('message', () => process.send ? process.send('full') : setTimeout(() => child.send('end'), 200))
     process.on('message', () => child.send('end'))
     child.on('exit', code => process.exit(code))`,
  )
  return outer
}

onLinux('the memory of a process is that of all that it has started', async () => {
  const outer = fork(makeProgram(), { execArgv: [] })
  await new Promise(resolve => outer.once('message', resolve))
  const memory = treeMemory(outer.pid as number)
  outer.send('end')
  await new Promise(resolve => outer.once('exit', resolve))
  expect(memory?.processes).toBe(2)
  expect(memory?.rss).toBeGreaterThan(SIZE)
  expect(memory?.peak).toBeGreaterThanOrEqual(memory?.rss as number)
  expect(treeMemory(outer.pid as number)).toBeUndefined()
})

onLinux('the peak of a program that is watched counts what it starts', async () => {
  const { peak } = await watchProcess(process.execPath, [makeProgram()])
  expect(peak).toBeGreaterThan(SIZE)
})
