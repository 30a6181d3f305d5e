/** Keeps what packages say while they load from the terminal of our users. */

const METHODS = ['log', 'info', 'warn'] as const

/** Runs something synchronous with the console and Node's deprecation warnings silenced. */
export function quietly<T>(load: () => T): T {
  // biome-ignore lint/suspicious/noConsole: nothing is printed; what others would print is held back.
  const kept = METHODS.map(method => [method, console[method]] as const)
  const { noDeprecation } = process
  for (const method of METHODS) console[method] = () => undefined
  process.noDeprecation = true
  try {
    return load()
  } finally {
    for (const [method, original] of kept) console[method] = original
    if (noDeprecation === undefined) Reflect.deleteProperty(process, 'noDeprecation')
    else process.noDeprecation = noDeprecation
  }
}
