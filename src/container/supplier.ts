/** What stands behind one token of a container. */
import type { DependencyContainer } from 'tsyringe'
import { outsideRuns } from '../runtime/active-run'
import { isPromise, type MaybePromise } from '../runtime/maybe-promise'

/** Who shares a component: all runs, or nobody. */
export type ComponentScope = 'pipeline' | 'run'

/** Makes a component when it is first asked for, or anew for each run. */
export class Supplier {
  private made: { value: unknown } | undefined

  constructor(
    private readonly make: (asking: DependencyContainer) => MaybePromise<unknown>,
    readonly scope: ComponentScope,
  ) {}

  /** A supplier of something that is there already. */
  static of(value: unknown): Supplier {
    const supplier = new Supplier(() => value, 'pipeline')
    supplier.made = { value }
    return supplier
  }

  /** What is there already, or the promise of it; `undefined` where nothing was made yet. */
  get current(): unknown {
    return this.made?.value
  }

  /** The component, or the promise of it. */
  supply(asking: DependencyContainer): MaybePromise<unknown> {
    if (this.scope === 'run') return this.make(asking)
    if (this.made) return this.made.value
    // What all runs share must outlive the run that happens to ask first.
    const made = { value: outsideRuns(() => this.make(asking)) }
    this.made = made
    if (isPromise(made.value)) {
      made.value.then(
        value => {
          made.value = value
        },
        // The next one who asks may have better luck.
        () => {
          this.made = undefined
        },
      )
    }
    return made.value
  }

  /** Gives back what is there. */
  dispose(): void {
    const value = this.made?.value
    this.made = undefined
    if (isPromise(value)) value.then(disposeComponent, () => {})
    else disposeComponent(value)
  }
}

/** Calls the component's `dispose()`, if it has one. */
export function disposeComponent(component: unknown): void {
  ;(component as { dispose?: () => void } | null | undefined)?.dispose?.()
}
