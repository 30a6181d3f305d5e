/** Puts something around what the parts of a model compute. Counterpart: torch.nn.Module.register_forward_hook. */
import type { Module } from './module'

/** The forward of a module, as it is passed around: parameters and result differ between classes. */
export type Forward = (...args: readonly unknown[]) => unknown

/** A module whose forward is about to be wrapped; the own property hides the method of the class. */
interface Wrappable {
  forward?: Forward
}

/**
 * Calls `around` in place of a module's `forward`, with a function that runs the forward itself and the arguments it was called with. What
 * `around` returns is the result. Modules without a forward are left alone.
 *
 * @returns a function that ends it; of several around one module, the last one ends first
 */
export function wrapForward(module: Module, around: (run: Forward, args: readonly unknown[]) => unknown): () => void {
  const target = module as Wrappable // Forward has other parameters in each class, and they are passed on as they come.
  const { forward } = target
  if (forward === undefined) return () => {}
  const wasWrapped = Object.hasOwn(target, 'forward')
  target.forward = (...args) => around((...given) => forward.apply(module, [...given]), args)
  return () => {
    if (wasWrapped) target.forward = forward
    else delete target.forward
  }
}

/** Whether something is around the forward of a model or of a part of it. */
export function isWrapped(model: Module): boolean {
  for (const [, module] of model.namedModules()) if (Object.hasOwn(module, 'forward')) return true
  return Object.hasOwn(model, 'forward')
}

/**
 * Does so for every submodule of a model; `around` is called with the submodule's state-dict name and a function that runs the forward
 * on the same arguments.
 *
 * @returns a function that ends it
 */
export function wrapForwards(model: Module, around: (name: string, run: () => unknown) => unknown): () => void {
  const ends = [...model.namedModules()].map(([name, module]) =>
    wrapForward(module, (run, args) => around(name, () => run(...args))),
  )
  return () => {
    for (const end of ends.splice(0).reverse()) end()
  }
}
