/** A warning fails the test that causes it, unless the test expects it. */
import { setImmediate } from 'node:timers/promises'
import { isExpectedWarning } from './expected-warnings'

let warnings: string[] = []
/** Listeners of the process before any test: those of Node itself, and of Jest. */
const before = process.listenerCount('warning')
const { emitWarning } = process

/** What Node says of a version of it, and not of this package. */
const OF_NODE = new Set(['DeprecationWarning', 'ExperimentalWarning'])

process.emitWarning = ((...args: unknown[]) => {
  const [message, how] = args as [unknown, string | { type?: string; code?: string } | undefined]
  const { type, code } = typeof how === 'object' ? how : { type: how }
  const kind = message instanceof Error ? message.name : (type ?? 'Warning')
  const name = kind === 'TesseraeWarning' ? String(code) : kind
  // A test that takes the place of this function, or listens to the process, expects warnings.
  if (OF_NODE.has(kind) || process.listenerCount('warning') !== before) Reflect.apply(emitWarning, process, args)
  else if (!isExpectedWarning(name)) warnings.push(`${name}: ${message instanceof Error ? message.message : message}`)
}) as typeof process.emitWarning

async function check(): Promise<void> {
  // Some warnings of Node come a turn later.
  await setImmediate()
  if (warnings.length === 0) return
  const all = warnings.join('\n')
  warnings = []
  throw new Error(`No test expects these warnings:\n${all}`)
}

afterEach(check)
afterAll(check)
