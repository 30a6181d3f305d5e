/** A value that goes with the code that runs, across `await`. */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Holds one value for each call that is under way. */
export class AsyncContext<T> {
  private readonly storage = new AsyncLocalStorage<T>()

  /** Returns the value of the call that the calling code is part of; `undefined` outside of all. */
  get(): T | undefined {
    return this.storage.getStore()
  }

  /** Calls a function with a value, which all code has that it calls and waits for. */
  run<R>(value: T, action: () => R): R {
    return this.storage.run(value, action)
  }

  /** Calls a function without a value. */
  exit<R>(action: () => R): R {
    return this.storage.exit(action)
  }
}
