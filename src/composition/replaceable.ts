/** Properties of block classes that a subclass may replace by a getter or by a field, as Python's class attributes may be. */

/** What {@link defineReplaceable} defines: how each property is read, by name. */
export type Readers<T, K extends keyof T> = { readonly [N in K]: (this: T) => T[N] }

/**
 * Defines properties on the prototype of a class. An interface of the same name declares them: the compiler then allows `modelName = 'test'` beside
 * `get modelName()` in a subclass, which it refuses where the class itself has an accessor.
 */
export function defineReplaceable<T extends object, K extends keyof T & string>(
  type: { readonly prototype: T },
  readers: Readers<T, K>,
): void {
  for (const [name, get] of Object.entries(readers)) {
    Object.defineProperty(type.prototype, name, {
      configurable: true,
      get: get as () => unknown,
      // Without "useDefineForClassFields", the compiler turns a field into an assignment.
      set(this: T, value: unknown) {
        Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true })
      },
    })
  }
}
