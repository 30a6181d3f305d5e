/** Finds bodies of blocks that a run cannot call: those that do not see its values, and those that only begin. */

/** How the source of an arrow function begins: with its parameters, in brackets or one without. */
const ARROW = /^(?:async\b\s*)?(?:\(|[\w$]+\s*=>)/

const GENERATOR = /^\[object (?:Async)?GeneratorFunction\]$/

/** Returns what is wrong with a body, and what to do, up to the name of the method; `undefined` if nothing is. */
export function faultOfBody(body: unknown): string | undefined {
  if (typeof body !== 'function') return undefined
  if (GENERATOR.test(Object.prototype.toString.call(body)))
    return 'a generator does nothing when it is called. Write a plain or async method:'
  const source = Function.prototype.toString.call(body)
  const isArrow = ARROW.test(source) && !(body.name === 'async' && source.startsWith('async('))
  // Its "this" is that of where it was made, or the one that bind() was given.
  if (body.name.startsWith('bound ') || isArrow)
    return 'an arrow function or bound function keeps its own "this", and does not see the values of the run. Write a method:'
  return undefined
}
