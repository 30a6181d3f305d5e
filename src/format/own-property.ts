/** Sets properties by names that a file or a caller chooses. */

/** Sets a property of the object itself. Assignment would take the name `__proto__` for its prototype. */
export function setOwn(object: object, name: string, value: unknown): void {
  if (name !== '__proto__') (object as Record<string, unknown>)[name] = value
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}
