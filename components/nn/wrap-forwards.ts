/** Puts something around what the parts of a model compute. Counterpart: torch.nn.Module.register_forward_hook. */
import type { Module } from './module'

/** A module whose forward is about to be wrapped; the own property hides the method of the class. */
interface Wrappable {
  forward?: (...args: unknown[]) => unknown
}

/**
 * Calls `around` in place of the `forward` of every submodule, with the submodule's state-dict name and a function that runs the
 * forward itself. What `around` returns is the result.
 *
 * @returns a function that ends it
 */
export function wrapForwards(model: Module, around: (name: string, run: () => unknown) => unknown): () => void {
  const wrapped: Wrappable[] = []
  for (const [name, module] of model.namedModules()) {
    const target = module as Wrappable // Forward has other parameters in each class, and they are passed on as they come.
    const forward = target.forward
    if (forward === undefined) continue
    target.forward = function (this: unknown, ...args) {
      return around(name, () => forward.apply(this, args))
    }
    wrapped.push(target)
  }
  return () => {
    for (const target of wrapped.splice(0)) delete target.forward
  }
}
