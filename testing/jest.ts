/** Installs the matchers: `import 'tesserae/testing/jest'`, in a test or in a file of Jest's `setupFilesAfterEnv`. */
import type {} from 'expect'
import { matchers, type TesseraeMatchers } from './matchers/matchers'

declare global {
  namespace jest {
    interface Matchers<R, T> extends TesseraeMatchers<R, T> {}
  }
}

// What `import { expect } from '@jest/globals'` gives.
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T> extends TesseraeMatchers<R, T> {}
}

/** What a test framework of Jest's kind makes global. */
interface Expect {
  extend(matchers: object): void
}

const { expect } = globalThis as { expect?: Expect }
if (expect === undefined) {
  throw new Error(
    "tesserae/testing/jest must be imported where Jest's global expect is: in a test, or in a file of setupFilesAfterEnv. " +
      "Without globals, write: import { matchers } from 'tesserae/testing'; expect.extend(matchers)",
  )
}
expect.extend(matchers)
