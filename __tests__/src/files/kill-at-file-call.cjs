/**
 * Loaded with `node -r` before a script that writes files: kills the process at its KILL_AT-th call of the file system, without a chance to tidy
 * up. With KILL_AT=0 it writes the number of calls to the file COUNT_FILE when the process ends.
 */
const fs = require('node:fs')
const promises = require('node:fs/promises')
const childProcess = require('node:child_process')

const killAt = Number(process.env.KILL_AT)
let calls = 0
let isOn = false

function count() {
  if (!isOn) return
  calls++
  if (calls === killAt) process.kill(process.pid, 'SIGKILL')
}

function countCalls(object, names) {
  for (const name of names) {
    const original = object[name]
    object[name] = function (...args) {
      count()
      const result = original.apply(this, args)
      // After it as well: between two steps of a save lies more than one moment.
      if (typeof result?.then === 'function') result.then(count, count)
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
  countCalls(Object.getPrototypeOf(handle), ['writeFile', 'write', 'read', 'truncate', 'sync', 'close'])
  await handle.close()
  isOn = true
  process.on('exit', () => {
    if (killAt === 0) fs.writeFileSync(process.env.COUNT_FILE, String(calls))
  })
}
