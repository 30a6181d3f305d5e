/** Supplies components by name, on tsyringe: each pipeline has a child container of its own. */
import 'reflect-metadata'
import { type DependencyContainer, instanceCachingFactory, Lifecycle, container as rootContainer } from 'tsyringe'
import type { MaybePromise } from '../runtime/maybe-promise'

/** How a component is supplied: as it is, by a class, or by a function, which may promise it. */
export type ComponentProvider<T = unknown> =
  | { readonly useValue: T }
  | { readonly useClass: new (...args: never[]) => T }
  | { readonly useFactory: (container: ComponentContainer) => MaybePromise<T> }

/** Options of {@link ComponentContainer.register}. */
export interface RegisterOptions {
  /** Who shares what a class or a factory makes: all runs of the pipeline, or nobody. Default: `pipeline`. */
  scope?: 'pipeline' | 'run'
}

/** Components by token, e.g. `unet`. What a child does not hold, its parents may. */
export class ComponentContainer {
  private constructor(
    /** The tsyringe container, for classes that take components by constructor injection. */
    readonly tsyringe: DependencyContainer,
    private readonly parent: ComponentContainer | undefined,
    private readonly names = new Set<string>(),
  ) {}

  /** A container with no registrations of its own. */
  static create(): ComponentContainer {
    return new ComponentContainer(rootContainer.createChildContainer(), undefined)
  }

  /** A container that falls back on this one, and whose registrations this one does not see. */
  createChild(): ComponentContainer {
    return new ComponentContainer(this.tsyringe.createChildContainer(), this)
  }

  /** Supplies a component. A later registration of the same token replaces an earlier one. */
  register<T>(token: string, provider: ComponentProvider<T>, { scope = 'pipeline' }: RegisterOptions = {}): this {
    this.names.add(token)
    if ('useValue' in provider) {
      this.tsyringe.register<unknown>(token, { useValue: provider.useValue })
    } else if ('useClass' in provider) {
      const lifecycle = scope === 'run' ? Lifecycle.Transient : Lifecycle.ContainerScoped
      // tsyringe takes the constructor's arguments from its own metadata.
      this.tsyringe.register<unknown>(
        token,
        { useClass: provider.useClass as new (...args: unknown[]) => unknown },
        { lifecycle },
      )
    } else {
      const make = () => provider.useFactory(this)
      this.tsyringe.register<unknown>(token, { useFactory: scope === 'run' ? make : instanceCachingFactory(make) })
    }
    return this
  }

  /** Whether this container or one of its parents supplies a token. */
  isRegistered(token: string): boolean {
    return this.tsyringe.isRegistered(token, true)
  }

  /** What is registered; for a factory, possibly a promise. Whether it is there is {@link isRegistered}'s question. */
  resolve<T = unknown>(token: string): MaybePromise<T> {
    return this.tsyringe.resolve<MaybePromise<T>>(token)
  }

  /** All tokens, those of the parents first. */
  get tokens(): readonly string[] {
    return [...new Set([...(this.parent?.tokens ?? []), ...this.names])]
  }
}
