/** What a block needs the container to supply. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */
import { DeclarationError } from '../errors/declaration-error'
import type { ComponentClass, FromPretrainedOptions } from './component-class'

/** How a component comes to be: read from a checkpoint when asked, or made from its settings at once. */
export type CreationMethod = 'fromPretrained' | 'fromConfig'

/** The fields of a {@link ComponentSpec}. */
export interface ComponentSpecOptions {
  /** Token of the component in the container, e.g. `unet`. */
  name: string
  /** Class that the component must be an instance of. */
  typeHint?: ComponentClass | undefined
  description?: string
  /** Settings for `fromConfig`. */
  config?: Readonly<Record<string, unknown>> | undefined
  /** Default: `fromConfig` for a class that offers that alone or where a config is given, else `fromPretrained`. */
  defaultCreationMethod?: CreationMethod | undefined
  /** Folder or repository that it is loaded from. */
  pretrainedModelNameOrPath?: string | undefined
  /** Folder inside it. */
  subfolder?: string | undefined
  variant?: string | undefined
  revision?: string | undefined
  /** Class that the model's index names, when it was read from one. */
  className?: string | undefined
}

/** One component of a block. Never changed after it is made. */
export class ComponentSpec {
  readonly name: string
  readonly typeHint: ComponentClass | undefined
  readonly description: string
  readonly config: Readonly<Record<string, unknown>> | undefined
  readonly defaultCreationMethod: CreationMethod
  readonly pretrainedModelNameOrPath: string | undefined
  readonly subfolder: string
  readonly variant: string | undefined
  readonly revision: string | undefined
  readonly className: string | undefined

  constructor(options: ComponentSpecOptions) {
    this.name = options.name
    this.typeHint = options.typeHint
    this.description = options.description ?? ''
    this.config = options.config
    const needsNoFiles = options.typeHint?.fromConfig !== undefined && options.typeHint.fromPretrained === undefined
    this.defaultCreationMethod =
      options.defaultCreationMethod ?? (options.config || needsNoFiles ? 'fromConfig' : 'fromPretrained')
    this.pretrainedModelNameOrPath = options.pretrainedModelNameOrPath
    this.subfolder = options.subfolder ?? ''
    this.variant = options.variant
    this.revision = options.revision
    this.className = options.className
  }

  /** Identifies what would be loaded: path, subfolder, variant and revision joined by `|`; `null` for one made from config. */
  get loadId(): string {
    if (this.defaultCreationMethod === 'fromConfig') return 'null'
    const fields = [this.pretrainedModelNameOrPath, this.subfolder, this.variant, this.revision]
    return fields.map(field => field ?? 'null').join('|')
  }

  /** A copy with some fields changed. */
  with(changes: Partial<ComponentSpecOptions>): ComponentSpec {
    return new ComponentSpec({ ...this, ...changes })
  }

  /** Whether two specs ask for the same component. Class, config and description do not count. */
  equals(other: ComponentSpec): boolean {
    return (
      this.name === other.name &&
      this.loadId === other.loadId &&
      this.defaultCreationMethod === other.defaultCreationMethod
    )
  }

  /** Makes the component from its config.
   * @throws DeclarationError when the spec names no class, or one that cannot be made. */
  create(config: Readonly<Record<string, unknown>> = this.config ?? {}): unknown {
    const type = this.typeHint
    if (type === undefined) {
      throw new DeclarationError('ComponentSpec', this.name, 'a component can be created only when its class is given.')
    }
    if (type.fromConfig) return type.fromConfig(config)
    // A class without fromConfig takes its settings in the constructor.
    return new (type as unknown as new (config: Readonly<Record<string, unknown>>) => unknown)(config)
  }

  /** Loads the component from where the spec points.
   * @throws DeclarationError when the spec names no class that can load, or no place. */
  async load(options: FromPretrainedOptions = {}): Promise<unknown> {
    if (this.typeHint?.fromPretrained === undefined) {
      throw new DeclarationError('ComponentSpec', this.name, 'loading needs a class with a static fromPretrained().')
    }
    if (this.pretrainedModelNameOrPath === undefined) {
      throw new DeclarationError('ComponentSpec', this.name, 'loading needs a folder: none is given.')
    }
    const own: FromPretrainedOptions = {}
    if (this.subfolder !== '') own.subfolder = this.subfolder
    if (this.variant !== undefined) own.variant = this.variant
    if (this.revision !== undefined) own.revision = this.revision
    if (this.className !== undefined) own.className = this.className
    return this.typeHint.fromPretrained(this.pretrainedModelNameOrPath, { ...own, ...options })
  }
}
