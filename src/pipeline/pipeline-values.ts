/** What the blocks of a pipeline can ask for by name: its components and its settings. */
import type { ComponentContainer } from '../container/component-container'
import { InputTypeError } from '../errors/input-type-error'
import { MissingComponentError } from '../errors/missing-component-error'
import type { ConfigSpec } from '../params/config-spec'
import { explainMismatch } from '../params/schema'
import type { ComponentSource } from '../runtime/component-source'
import { componentsPrototype } from '../runtime/components'
import type { PipelineComponents } from './pipeline-components'

/** Looks names up among settings and components. A setting wins over a component of its name. */
export class PipelineValues implements ComponentSource {
  private current: Readonly<Record<string, unknown>>
  private accessors: object

  constructor(
    private readonly container: ComponentContainer,
    private readonly components: PipelineComponents,
    private readonly declared: readonly ConfigSpec[],
    settings: Readonly<Record<string, unknown>>,
  ) {
    this.current = Object.freeze(settings)
    this.accessors = this.makeAccessors()
  }

  /** Settings by name. */
  get settings(): Readonly<Record<string, unknown>> {
    return this.current
  }

  /** What the components of all runs have in common: an accessor for each name. */
  get prototype(): object {
    return this.accessors
  }

  /** Changes settings, for the runs after this. @throws InputTypeError for a value that does not fit its declaration */
  registerSettings(settings: Readonly<Record<string, unknown>>): void {
    this.checkSettings(settings)
    this.current = Object.freeze({ ...this.current, ...settings })
    this.accessors = this.makeAccessors()
  }

  /** @throws InputTypeError for a value that does not fit its declaration */
  checkSettings(settings: Readonly<Record<string, unknown>>): void {
    const schemas = new Map(this.declared.map(({ name, schema }) => [name, schema]))
    for (const [input, value] of Object.entries(settings)) {
      const parsed = schemas.get(input)?.safeParse(value)
      if (parsed?.success !== false) continue
      throw new InputTypeError({ path: [], input, expected: explainMismatch(parsed.error), value })
    }
  }

  resolve(name: string, path: readonly string[]): unknown {
    if (Object.hasOwn(this.current, name)) return this.current[name]
    if (this.isLeftOut(name)) return undefined
    const missing = this.whyMissing(name, path)
    if (missing) throw missing
    return this.container.resolve(name)
  }

  isLeftOut(name: string): boolean {
    return this.components.isLeftOut(name)
  }

  whyMissing(name: string, path: readonly string[]): MissingComponentError | undefined {
    if (this.container.isRegistered(name)) return undefined
    const spec = this.components.spec(name)
    return new MissingComponentError({
      path,
      component: name,
      className: spec?.typeName,
      loadable: [spec?.pretrainedModelNameOrPath, spec?.subfolder].filter(Boolean).join('/'),
      available: this.container.tokens,
    })
  }

  isMadeForEachRun(name: string): boolean {
    return this.container.isMadeForEachRun(name)
  }

  private makeAccessors(): object {
    return componentsPrototype([...this.components.names, ...Object.keys(this.current)])
  }
}
