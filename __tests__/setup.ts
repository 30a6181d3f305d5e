/** Every test file: a console call fails the test that makes it, and no test may leave the reflection polyfill out. */
import 'reflect-metadata'

const methods = ['log', 'info', 'warn', 'error', 'debug'] as const
let calls: string[] = []

beforeEach(() => {
  calls = []
  for (const method of methods) {
    jest.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      calls.push(`console.${method}: ${args.map(String).join(' ')}`)
    })
  }
})

afterEach(() => {
  jest.restoreAllMocks()
  if (calls.length > 0) throw new Error(`The library printed something:\n${calls.join('\n')}`)
})
