/** Environment variables for the tests of a file. */

/** Puts the variables back after each test as they were; the tests may set and delete them. */
export function useEnvironment(...names: readonly string[]): void {
  const before = names.map(name => [name, process.env[name]] as const)
  const clear = () => {
    for (const name of names) delete process.env[name]
  }
  beforeEach(clear)
  afterEach(() => {
    clear()
    for (const [name, value] of before) if (value !== undefined) process.env[name] = value
  })
}
