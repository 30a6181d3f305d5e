/** The first suite: a warning of this package fails the test that causes it, unless the test listens. */

let warnings: string[] = []
/** Listeners of the process before any test: those of Node itself, and of Jest. */
const before = process.listenerCount('warning')

beforeEach(() => {
  warnings = []
  const { emitWarning } = process
  jest.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => {
    const [message, how] = args as [unknown, { type?: string; code?: string } | undefined]
    // A test that takes the place of this function, or listens to the process, expects warnings.
    if (how?.type === 'TesseraeWarning' && process.listenerCount('warning') === before) {
      warnings.push(`${how.code}: ${String(message)}`)
    } else {
      Reflect.apply(emitWarning, process, args)
    }
  })
})

afterEach(() => {
  if (warnings.length > 0) throw new Error(`The library warned of what no test expects:\n${warnings.join('\n')}`)
})
