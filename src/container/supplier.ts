/** What stands behind one token of a container. */
import type { DependencyContainer } from 'tsyringe'
import { outsideRuns } from '../runtime/active-run'
import { isPromise, type MaybePromise } from '../runtime/maybe-promise'
import { Making } from './making'

/** Who shares a component: all runs, or nobody. */
export type ComponentScope = 'pipeline' | 'run'

/** Makes a component when it is first asked for, or again for each run. */
export class Supplier {
  private made: { value: unknown } | undefined
  private making: Making | undefined

  constructor(
    private readonly token: string,
    private readonly make: (asking: DependencyContainer, making: Making) => MaybePromise<unknown>,
    readonly scope: ComponentScope,
  ) {}

  /** A supplier of something that is there already. */
  static of(token: string, value: unknown): Supplier {
    const supplier = new Supplier(token, () => value, 'pipeline')
    supplier.made = { value }
    return supplier
  }

  /** What is there already, or the promise of it; `undefined` where nothing was made yet. */
  get current(): unknown {
    return this.made?.value
  }

  /** The component, or the promise of it. @throws CircularComponentsError for one that is needed to make it */
  supply(asking: DependencyContainer): MaybePromise<unknown> {
    if (this.scope === 'run') return this.begin(making => this.make(asking, making)).value
    if (this.made) {
      this.making?.join()
      return this.made.value
    }
    // What all runs share must outlive the run that happens to ask first.
    const made = this.begin(making => outsideRuns(() => this.make(asking, making)))
    this.made = made
    if (isPromise(made.value)) {
      made.value.then(
        value => {
          made.value = value
        },
        // The next one who asks may have better luck.
        () => {
          if (this.made === made) this.made = undefined
        },
      )
    }
    return made.value
  }

  /** Makes the component, in sight of those that it asks for. */
  private begin(make: (making: Making) => unknown): { value: unknown } {
    const making = Making.begin(this.token, this)
    const end = (failure?: { readonly error: unknown }) => {
      making.end(failure)
      if (this.making === making) this.making = undefined
    }
    if (this.scope === 'pipeline') this.making = making
    try {
      const value = making.run(() => make(making))
      if (isPromise(value)) {
        value.then(
          () => end(),
          error => end({ error }),
        )
      } else {
        end()
      }
      return { value }
    } catch (error) {
      end({ error })
      throw error
    }
  }

  /** Disposes what is there. */
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
