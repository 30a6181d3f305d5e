/** For one run at a time: browsers have no context that goes with the code across `await`. */
export class AsyncContext<T> {
  private value: T | undefined

  get(): T | undefined {
    return this.value
  }

  run<R>(value: T, action: () => R): R {
    return this.with(value, action)
  }

  exit<R>(action: () => R): R {
    return this.with(undefined, action)
  }

  private with<R>(value: T | undefined, action: () => R): R {
    const outer = this.value
    this.value = value
    const restore = () => {
      this.value = outer
    }
    let result: R
    try {
      result = action()
    } catch (error) {
      restore()
      throw error
    }
    if (!(result instanceof Promise)) {
      restore()
      return result
    }
    return result.finally(restore) as R // A promise of the same.
  }
}
