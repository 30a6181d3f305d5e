/** Work that may end at once: blocks without `await` in them cost no turn of the event loop. */

/** A result, or the promise of one. */
export type MaybePromise<T> = T | Promise<T>

/** Whether a result is still to come. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Runs `next` when `result` is available: at once if it already is. */
export function after<R, T>(result: MaybePromise<R>, next: (result: R) => MaybePromise<T>): MaybePromise<T> {
  return isPromise(result) ? (result as Promise<R>).then(next) : next(result)
}

/** Calls `action` for each item, one after another, waiting only where there is something to wait for. */
export function inOrder<T>(
  items: readonly T[],
  action: (item: T) => MaybePromise<void>,
  start = 0,
): MaybePromise<void> {
  for (let i = start; i < items.length; i++) {
    const result = action(items[i] as T)
    if (isPromise(result)) return result.then(() => inOrder(items, action, i + 1))
  }
}

/** Runs `action` and then `cleanup`, however the action ends. What the cleanup throws comes first. */
export function always<T>(action: () => MaybePromise<T>, cleanup: () => MaybePromise<void>): MaybePromise<T> {
  let result: MaybePromise<T>
  try {
    result = action()
  } catch (error) {
    return after(cleanup(), () => {
      throw error
    })
  }
  if (isPromise(result)) return result.finally(cleanup) as Promise<T>
  const value = result
  return after(cleanup(), () => value)
}

/** Runs `action`; where it fails, runs `recover`, which must throw. */
export function orFail<T>(action: () => MaybePromise<T>, recover: (error: unknown) => never): MaybePromise<T> {
  try {
    const result = action()
    return isPromise(result) ? (result as Promise<T>).catch(recover) : result
  } catch (error) {
    return recover(error)
  }
}
