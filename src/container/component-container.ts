/** Supplies components by name, on tsyringe: each pipeline has a child container of its own. */
import 'reflect-metadata'
import { type DependencyContainer, container as rootContainer } from 'tsyringe'
import { DeclarationError } from '../errors/declaration-error'
import { UnknownValueError } from '../errors/unknown-value-error'
import type { MaybePromise } from '../runtime/maybe-promise'
import { construct } from './construct'
import { type ComponentScope, Supplier } from './supplier'

/** How a component is supplied: as it is, by a class, or by a function, which may promise it. */
export type ComponentProvider<T = unknown> =
  | { readonly useValue: T }
  | { readonly useClass: new (...args: never[]) => T }
  | { readonly useFactory: (container: ComponentContainer) => MaybePromise<T> }

/** Options of {@link ComponentContainer.register}. */
export interface RegisterOptions {
  /** Who shares what a class or a factory makes: all runs of all pipelines that use the container, or nobody. Default: `pipeline`. */
  scope?: ComponentScope
}

/** Components by token, e.g. `unet`. What a child does not hold, its parents may. */
export class ComponentContainer {
  private readonly suppliers = new Map<string, Supplier>()
  /** Tokens that were registered here at some time, and so are known to tsyringe forever. */
  private readonly announced = new Set<string>()

  private constructor(
    /** The tsyringe container, for classes that take components by constructor injection. */
    readonly tsyringe: DependencyContainer,
    private readonly parent: ComponentContainer | undefined,
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
    requireProvider(token, provider)
    // tsyringe never forgets a registration, so it learns of a token once, and replaced components can go.
    if (!this.announced.has(token)) {
      this.announced.add(token)
      this.tsyringe.register<unknown>(token, {
        useFactory: asking => {
          const supplier = this.suppliers.get(token)
          return supplier ? supplier.supply(asking) : this.parentTsyringe.resolve(token)
        },
      })
    }
    this.suppliers.set(token, this.supplierOf(token, provider, scope))
    return this
  }

  /**
   * Forgets what this container supplies for a token; what its parents supply comes into sight again.
   *
   * @param options - `dispose`: disposes what it holds or has made (default: false)
   * @returns whether there was something
   */
  unregister(token: string, { dispose = false }: { dispose?: boolean } = {}): boolean {
    const supplier = this.suppliers.get(token)
    this.suppliers.delete(token)
    if (dispose) supplier?.dispose()
    return supplier !== undefined
  }

  /** Whether this container itself supplies a token, whatever its parents do. */
  holds(token: string): boolean {
    return this.suppliers.has(token)
  }

  /** Whether this container or one of its parents supplies a token. */
  isRegistered(token: string): boolean {
    if (this.suppliers.has(token)) return true
    if (!this.announced.has(token) && this.tsyringe.isRegistered(token)) return true
    return this.parent?.isRegistered(token) ?? this.parentTsyringe.isRegistered(token, true)
  }

  /**
   * The component of a token; a promise of it where its factory still works on it.
   * @throws UnknownValueError for a token that nobody registered; CircularComponentsError for components that need each other;
   * ConstructorInjectionError for a class whose arguments are not known; what the class or the factory throws
   */
  resolve<T = unknown>(token: string): MaybePromise<T> {
    if (!this.isRegistered(token)) throw new UnknownValueError('The container', token, this.tokens, 'component')
    return this.tsyringe.resolve<MaybePromise<T>>(token)
  }

  /** What stands ready for a token, or the promise of it; makes nothing. */
  peek(token: string): unknown {
    const supplier = this.suppliers.get(token)
    return supplier ? supplier.current : this.parent?.peek(token)
  }

  /** Whether every run gets a component of its own, made for it. */
  isMadeForEachRun(token: string): boolean {
    const supplier = this.suppliers.get(token)
    return supplier ? supplier.scope === 'run' : (this.parent?.isMadeForEachRun(token) ?? false)
  }

  /** All tokens, those of the parents first. */
  get tokens(): readonly string[] {
    return [...new Set([...(this.parent?.tokens ?? []), ...this.suppliers.keys()])]
  }

  /** Disposes what this container holds or has made, if it has a `dispose()`; what its parents hold stays. */
  dispose(): void {
    for (const supplier of this.suppliers.values()) supplier.dispose()
  }

  private get parentTsyringe(): DependencyContainer {
    return this.parent?.tsyringe ?? rootContainer
  }

  private supplierOf(token: string, provider: ComponentProvider, scope: ComponentScope): Supplier {
    if ('useValue' in provider) return Supplier.of(token, provider.useValue)
    if ('useFactory' in provider) return new Supplier(token, () => provider.useFactory(this), scope)
    const type = provider.useClass as new (...args: unknown[]) => unknown
    // What is shared may depend only on what all that share it see; what a run owns, on all that its pipeline sees.
    return new Supplier(
      token,
      (asking, making) => construct(scope === 'run' ? asking : this.tsyringe, type, making),
      scope,
    )
  }
}

/** Refuses what says not how to supply the component, such as the component itself. */
function requireProvider(token: string, provider: object): void {
  const ways = ['useValue', 'useClass', 'useFactory'].filter(way => provider && way in Object(provider))
  if (ways.length === 1) return
  const example = `register('${token}', { useValue: … })`
  throw new DeclarationError(
    'ComponentContainer',
    token,
    `say how it is supplied, in one way: ${example}, useClass or useFactory.`,
  )
}
