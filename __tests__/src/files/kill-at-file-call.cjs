/**
 * Loaded with `node -r` before a script that writes files. It kills the process at its KILL_AT-th call of the file
 * system, without a chance to tidy up. A process that makes fewer calls is killed when the script is done. With
 * KILL_AT=0 it writes the number of calls to the file COUNT_FILE
 * when the process ends.
 *
 * Calls measure progress, not time. A network cuts the same bytes into other chunks each time, so a write at a known place counts once for each
 * block that it completes.
 */
const fs = require('node:fs')
const promises = require('node:fs/promises')
const childProcess = require('node:child_process')

const BLOCK = 16_384

const killAt = Number(process.env.KILL_AT)
let calls = 0
let isOn = false

const die = () => process.kill(process.pid, 'SIGKILL')

function count(steps) {
  if (!isOn || steps === 0) return
  if (calls < killAt && calls + steps >= killAt) die()
  calls += steps
}

/** How many blocks of a file a write completes. */
function blocks(_buffer, _offset, length, position) {
  if (typeof position !== 'number') return 1
  return Math.floor((position + length) / BLOCK) - Math.floor(position / BLOCK)
}

function countCalls(object, names, steps = () => 1) {
  for (const name of names) {
    const original = object[name]
    object[name] = function (...args) {
      const counted = steps(...args)
      count(counted)
      const result = original.apply(this, args)
      // After it as well: between two steps of a save lies more than one moment.
      const countAfter = () => count(counted)
      if (typeof result?.then === 'function') result.then(countAfter, countAfter)
      return result
    }
  }
}

countCalls(promises, ['open', 'mkdir', 'rename', 'link', 'symlink', 'readlink', 'rm', 'rmdir', 'chmod'])
countCalls(promises, ['readdir', 'readFile', 'writeFile', 'stat', 'statfs', 'realpath'])
countCalls(childProcess, ['spawn'])

/** Counts from here on. */
globalThis.startCounting = async () => {
  const handle = await promises.open(__filename)
  countCalls(Object.getPrototypeOf(handle), ['writeFile', 'read', 'truncate', 'sync', 'close'])
  countCalls(Object.getPrototypeOf(handle), ['write'], blocks)
  await handle.close()
  isOn = true
  process.on('exit', () => {
    if (killAt === 0) fs.writeFileSync(process.env.COUNT_FILE, String(calls))
  })
}

/** Called when the script is done: a process with a later kill is killed now. */
globalThis.killAtEnd = () => {
  if (isOn && killAt > 0) die()
}
