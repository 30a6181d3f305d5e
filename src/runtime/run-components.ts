/** The components of one run: those of the pipeline, and the run's own copies of those that a run changes. */
import { isRunScoped, type RunScoped } from '../container/run-scoped'
import { disposeComponent } from '../container/supplier'
import { ComponentLoadError } from '../errors/component-load-error'
import type { ModularError } from '../errors/modular-error'
import { NotResumableError } from '../errors/not-resumable-error'
import type { ComponentSpec } from '../params/component-spec'
import type { Seed } from '../params/seed'
import { wrongClass } from '../params/wrong-class'
import type { ComponentSource } from './component-source'
import { isPromise, type MaybePromise } from './maybe-promise'
import type { Resumption } from './resumption'

/** The run that the components belong to. */
export interface RunOfComponents {
  /** Names of the running blocks, for errors. */
  readonly path: readonly string[]
  readonly seed: Seed | undefined
  /** Leads to the place at which another run was cancelled. */
  readonly resumption: Resumption | undefined
  /** Calls a function so that what it makes belongs to the run, whichever block is running. */
  asWhole<T>(action: () => T): T
}

/** Looks components up when they are first asked for, and disposes at the end of the run what was made for it. */
export class RunComponents {
  /** What the blocks of this run get, by name; promises while factories work on them. */
  readonly own = new Map<string, unknown>()
  /** Components that the run disposes at its end. */
  private readonly copies: unknown[] = []
  /** Blocks of which the call could not tell whether they run, with the components that they need if they do. */
  private readonly unprepared = new Map<object, readonly ComponentSpec[]>()
  /** Those of them that were given a value that does not fit. */
  private readonly refused = new Map<object, ModularError>()

  constructor(
    private readonly source: ComponentSource,
    private readonly run: RunOfComponents,
  ) {}

  /**
   * Returns a component or setting; of a component that a run changes, this run's copy. A promise of it while its factory still works on it.
   *
   * @throws MissingComponentError; what its factory throws
   */
  get(name: string): unknown {
    if (this.own.has(name)) return this.own.get(name)
    const component = this.run.asWhole(() => this.source.resolve(name, this.run.path))
    const take = (value: unknown) => {
      if (this.source.isMadeForEachRun(name)) this.copies.push(value)
      return this.use(name, value)
    }
    if (!isPromise(component)) return take(component)
    const promised = component.then(take)
    this.own.set(name, promised)
    return promised
  }

  /** Returns a component if it exists, and `undefined` if it is missing or still being made. */
  peek(name: string): unknown {
    if (!this.own.has(name) && this.source.whyMissing(name, this.run.path) !== undefined) return undefined
    const component = this.get(name)
    return isPromise(component) ? undefined : component
  }

  /** Takes a component for this run, or a copy of one that the run changes. Returns what the blocks now get. */
  use(name: string, component: unknown): unknown {
    let value = component
    if (isRunScoped(component)) {
      value = this.run.asWhole(() => this.ownCopy(name, component))
      this.copies.push(value)
    }
    this.own.set(name, value)
    return value
  }

  /** Makes sure of a component that a block needs: returns what is wrong with it, or nothing. */
  check(spec: ComponentSpec, path: readonly string[]): MaybePromise<ModularError | undefined> {
    if (spec.optional && this.source.isLeftOut(spec.name)) return undefined
    const missing = this.source.whyMissing(spec.name, path)
    if (missing) return missing
    const failed = (error: unknown) => {
      if (error instanceof NotResumableError) throw error
      return new ComponentLoadError(new Map([[spec.name, error]]), 'the container', path)
    }
    try {
      const component = this.get(spec.name)
      if (!isPromise(component)) return wrongClass(spec, component, path)
      return component.then(value => wrongClass(spec, value, path)).catch(failed)
    } catch (error) {
      return failed(error)
    }
  }

  /** Leaves the components of a block, and problems with its values, to {@link prepare}: the call cannot tell whether it runs. */
  postpone(block: object, specs: readonly ComponentSpec[], problems: readonly ModularError[]): void {
    if (specs.length > 0) this.unprepared.set(block, specs)
    if (problems[0] !== undefined) this.refused.set(block, problems[0])
  }

  /** Whether the components of a block were left to {@link prepare}, which has not been called. */
  isPostponed(block: object): boolean {
    return this.unprepared.has(block)
  }

  /** Checks, before a block begins, what was left for then. @throws what is wrong */
  prepare(block: object): MaybePromise<void> {
    const problem = this.refused.get(block)
    if (problem !== undefined) throw problem
    const specs = this.unprepared.get(block)
    if (specs === undefined) return
    this.unprepared.delete(block)
    return this.requireAll(specs)
  }

  /** Disposes the copies. */
  dispose(): void {
    for (const copy of this.copies) disposeComponent(copy)
  }

  private async requireAll(specs: readonly ComponentSpec[]): Promise<void> {
    for (const spec of specs) {
      const issue = await this.check(spec, this.run.path)
      if (issue) throw issue
    }
  }

  /** A copy of a component that the run changes; one that continues where that of another run was. */
  private ownCopy(name: string, component: RunScoped): RunScoped {
    const copy = component.forRun({ seed: this.run.seed })
    const saved = this.run.resumption?.takeComponent(name)
    if (saved === undefined) return copy
    if (copy.restoreRun) return copy.restoreRun(saved)
    throw new NotResumableError(`the component "${name}" has no restoreRun().`)
  }
}
