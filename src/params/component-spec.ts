/** What a block needs the container to supply. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */

import { ComponentSourceError } from '../errors/component-source-error'
import { DeclarationError } from '../errors/declaration-error'
import { UnknownComponentClassError } from '../errors/unknown-component-class-error'
import { UnsupportedDTypeError } from '../errors/unsupported-dtype-error'
import { UnsupportedQuantizationError } from '../errors/unsupported-quantization-error'
import { classNameOf } from '../format/class-name'
import { detectComponentClass, isSingleFile } from '../platform/component-files'
import { pathOf } from '../platform/paths'
import type { ComponentClass, FromPretrainedOptions, FromSingleFileOptions } from './component-class'
import { componentClassNames, componentClassOf, findComponentClass, isSubclass } from './component-classes'
import { CONFIG_LOAD_ID, loadIdOf, markLoaded } from './load-ids'
import { RepositoryCommits } from './repository-commits'

/** How a component comes to be: read from a checkpoint when asked, or made from its settings at once. */
export type CreationMethod = 'fromPretrained' | 'fromConfig'

/** Where a component is loaded from: the fields that tell one load from another. */
export interface LoadingFields {
  /** Folder or repository that it is loaded from. */
  pretrainedModelNameOrPath?: string | undefined
  /** Folder inside it. */
  subfolder?: string | undefined
  /** Variant of the weight files, e.g. `fp16`. */
  variant?: string | undefined
  /** Branch, tag or commit of the repository. */
  revision?: string | undefined
}

/** What follows if the files of an optional component are missing. */
export interface WithoutFiles {
  /** For the warning: a sentence, e.g. `Pictures are not checked.` */
  readonly consequence: string
  /** Names of components that are of no use without it. They are left out as well, except those that a caller has supplied. */
  readonly leaveOut?: readonly string[]
}

/** The fields of a {@link ComponentSpec}. */
export interface ComponentSpecOptions extends Omit<LoadingFields, 'pretrainedModelNameOrPath'> {
  /** Folder or repository that it is loaded from. */
  pretrainedModelNameOrPath?: string | URL | undefined
  /** Token of the component in the container, e.g. `unet`. */
  name: string
  /** Class that the component must be an instance of. */
  typeHint?: ComponentClass | undefined
  /** What the component does. */
  description?: string
  /** Settings for `fromConfig`. */
  config?: Readonly<Record<string, unknown>> | undefined
  /**
   * Whether the block works without it. It is then omitted if the model's index has no class for it, or if a caller has
   * removed it. A component that the index names must be loaded. Default: false.
   */
  optional?: boolean | undefined
  /**
   * Corrects or checks a component that a pipeline has loaded from a checkpoint, before the pipeline holds it. A promise is awaited. If it
   * throws or rejects, the component is disposed, and loading fails with its error. Components that are passed to `updateComponents()` are left as they are.
   *
   * `source` is the folder or repository, for messages; `peek` returns another component of the pipeline by its name, if it is there already.
   */
  afterLoad?: ((component: never, source: string, peek: (name: string) => unknown) => void) | undefined
  /**
   * What follows if the model's index names an optional component whose files are missing. With it, `loadComponents()` leaves the component out and warns
   * (`MISSING_COMPONENT_FILES`) once in a process. Without it, or if a caller names the component, loading fails.
   */
  withoutFiles?: WithoutFiles | undefined
  /** Default: `fromConfig` for a class that offers that alone or where a config is given, otherwise `fromPretrained`. */
  defaultCreationMethod?: CreationMethod | undefined
  /** Class that the model's index names, when it was read from one. */
  className?: string | undefined
  /** Python package of that class. */
  library?: string | undefined
}

/** Options of {@link ComponentSpec.load}: those of `fromPretrained` or `fromSingleFile`, and a place instead of the spec's own. */
export interface ComponentLoadOptions extends FromSingleFileOptions {
  /** Folder or repository in place of the spec's own. */
  pretrainedModelNameOrPath?: string | URL
}

/** Names of the loading fields, in the order of a load id. */
export const LOADING_FIELDS = ['pretrainedModelNameOrPath', 'subfolder', 'variant', 'revision'] as const

/** Options that say how one file of weights is read. */
const OPTIONS_OF_FILES = ['config', 'predictionType', 'extractEma'] as const

/** One component of a block. Never changed after it is made. */
export class ComponentSpec {
  /** Name of the component. */
  readonly name: string
  /** Class of the component. */
  readonly typeHint: ComponentClass | undefined
  /** What the component does. */
  readonly description: string
  /** Settings that it is made from. */
  readonly config: Readonly<Record<string, unknown>> | undefined
  /** Whether the block works without it. */
  readonly optional: boolean
  /** Corrects or checks the component after it was loaded. */
  readonly afterLoad: ComponentSpecOptions['afterLoad']
  /** What follows if its files are missing. */
  readonly withoutFiles: WithoutFiles | undefined
  /** Whether it is loaded, or made from its settings. */
  readonly defaultCreationMethod: CreationMethod
  /** Folder or repository that it is loaded from. */
  readonly pretrainedModelNameOrPath: string | undefined
  /** Folder inside of it. */
  readonly subfolder: string
  /** Variant of the weight files, e.g. `fp16`. */
  readonly variant: string | undefined
  /** Branch, tag or commit of the repository. */
  readonly revision: string | undefined
  readonly className: string | undefined
  /** The Python package that has its class. */
  readonly library: string | undefined

  constructor(options: ComponentSpecOptions) {
    this.name = options.name
    this.typeHint = options.typeHint
    this.description = options.description ?? ''
    this.config = options.config
    this.optional = options.optional ?? false
    this.afterLoad = options.afterLoad
    this.withoutFiles = options.withoutFiles
    const needsNoFiles = options.typeHint?.fromConfig !== undefined && options.typeHint.fromPretrained === undefined
    this.defaultCreationMethod =
      options.defaultCreationMethod ?? (options.config || needsNoFiles ? 'fromConfig' : 'fromPretrained')
    const { pretrainedModelNameOrPath: path } = options
    this.pretrainedModelNameOrPath = path && pathOf(path, 'pretrainedModelNameOrPath')
    this.subfolder = options.subfolder ?? ''
    this.variant = options.variant
    this.revision = options.revision
    this.className = options.className
    this.library = options.library
  }

  /** Reads a {@link loadId} back; what is `null` there is `undefined`, and so is everything in the id of a component made from its config. */
  static decodeLoadId(loadId: string): LoadingFields {
    if (loadId === CONFIG_LOAD_ID) return {}
    const parts = loadId.split('|')
    return Object.fromEntries(
      LOADING_FIELDS.flatMap((field, i) => (parts[i] === undefined || parts[i] === 'null' ? [] : [[field, parts[i]]])),
    )
  }

  /**
   * The spec that a component can be made again by: for one that was loaded, where from; for one without weights, its config.
   * @throws ComponentSourceError for one with weights that was not loaded, or of which nothing is known
   */
  static fromComponent(name: string, component: unknown): ComponentSpec {
    const loadId = loadIdOf(component)
    const typeHint = componentClassOf(component)
    if (loadId !== undefined && loadId !== CONFIG_LOAD_ID) {
      const fields = ComponentSpec.decodeLoadId(loadId)
      return new ComponentSpec({ name, typeHint, defaultCreationMethod: 'fromPretrained', ...fields })
    }
    const weights = hasWeights(component)
    const config = configOf(component)
    if (weights || config === undefined || typeHint?.fromConfig === undefined) {
      throw new ComponentSourceError(name, component, weights)
    }
    return new ComponentSpec({ name, typeHint, config, defaultCreationMethod: 'fromConfig' })
  }

  /** Name of the class that the component must be an instance of. */
  get typeName(): string | undefined {
    return this.typeHint && classNameOf(this.typeHint)
  }

  /** Identifies what would be loaded: path, subfolder, variant and revision joined by `|`; `null` for one made from config. */
  get loadId(): string {
    if (this.defaultCreationMethod === 'fromConfig') return CONFIG_LOAD_ID
    return LOADING_FIELDS.map(field => this[field] ?? 'null').join('|')
  }

  /** A copy with some fields changed. */
  with(changes: Partial<ComponentSpecOptions>): ComponentSpec {
    return new ComponentSpec({ ...this, ...changes })
  }

  /** A copy with those loading fields that are given. */
  located(fields: Pick<ComponentSpecOptions, keyof LoadingFields>): ComponentSpec {
    return this.with(
      Object.fromEntries(LOADING_FIELDS.flatMap(key => (fields[key] === undefined ? [] : [[key, fields[key]]]))),
    )
  }

  /** Whether two specs ask for the same component. Class, config and description do not count. */
  equals(other: ComponentSpec): boolean {
    return (
      this.name === other.name &&
      this.loadId === other.loadId &&
      this.defaultCreationMethod === other.defaultCreationMethod
    )
  }

  /**
   * Makes the component from its config.
   *
   * @param config settings in place of the spec's own; an empty one does not count
   * @throws DeclarationError when the spec names no class, or one that cannot be made.
   */
  create(config: Readonly<Record<string, unknown>> = {}): unknown {
    const type = this.typeHint
    if (type === undefined) {
      throw new DeclarationError('ComponentSpec', this.name, 'a component can be created only when its class is given.')
    }
    const settings = Object.keys(config).length > 0 ? config : (this.config ?? {})
    // A class without fromConfig takes its settings in the constructor.
    const component = type.fromConfig
      ? type.fromConfig(settings)
      : new (type as unknown as new (config: Readonly<Record<string, unknown>>) => unknown)(settings)
    markLoaded(component, CONFIG_LOAD_ID)
    return component
  }

  /**
   * Loads the component from where the spec points, or the options: `spec.located(options)` says where that was. The class is the one that the
   * index names where it is known and fits, otherwise the declared one; where there is neither, the config of the component names it.
   *
   * @throws DeclarationError when the class cannot load, or no place is known; UnknownComponentClassError, UnsupportedDTypeError, UnsupportedQuantizationError; what the class throws
   */
  async load(options: ComponentLoadOptions = {}): Promise<unknown> {
    if (this.typeHint !== undefined && this.typeHint.fromPretrained === undefined) throw this.cannotLoad()
    const spec = this.located(options).with({ defaultCreationMethod: 'fromPretrained' })
    const { pretrainedModelNameOrPath: path } = spec
    if (path === undefined) {
      throw new DeclarationError('ComponentSpec', this.name, 'loading needs a folder: none is given.')
    }
    const { pretrainedModelNameOrPath: _, dtype, quantization, ...others } = options
    // Its config and its weights are read one after the other.
    const given: FromSingleFileOptions = { commits: new RepositoryCommits(), ...others }
    for (const field of ['subfolder', 'variant', 'revision'] as const) {
      if (spec[field] !== undefined && spec[field] !== '') given[field] = spec[field]
      else delete given[field]
    }
    if (given.className === undefined && this.className !== undefined) given.className = this.className
    const type = await spec.loadingClass(path, given)
    if (dtype !== undefined && type.dtypes !== undefined) {
      if (!type.dtypes.includes(dtype))
        throw new UnsupportedDTypeError(this.name, dtype, classNameOf(type), type.dtypes)
      given.dtype = dtype
    }
    if (quantization !== undefined && type.quantizations !== undefined) {
      if (!type.quantizations.includes(quantization))
        throw new UnsupportedQuantizationError(this.name, quantization, classNameOf(type), type.quantizations)
      given.quantization = quantization
    }
    const component = await this.loadBy(type, path, given)
    markLoaded(component, spec.loadId)
    return component
  }

  private loadBy(type: LoadableClass, path: string, options: FromSingleFileOptions): Promise<unknown> {
    if (!isSingleFile(path)) {
      const unfit = OPTIONS_OF_FILES.find(option => options[option] !== undefined)
      if (unfit === undefined) return type.fromPretrained(path, options)
      const problem = `the option "${unfit}" is for one file of weights, and ${path} is a folder or repository. Leave it out.`
      throw new DeclarationError('ComponentSpec', this.name, problem)
    }
    if (type.fromSingleFile) return type.fromSingleFile(path, options)
    const problem = `${classNameOf(type)} is loaded from a folder, and ${path} is one file: it has no static fromSingleFile().`
    throw new DeclarationError('ComponentSpec', this.name, problem)
  }

  private async loadingClass(path: string, options: FromPretrainedOptions): Promise<LoadableClass> {
    const declared = this.typeHint
    const name = options.className ?? (declared ? undefined : await detectComponentClass(path, options))
    const named = name === undefined ? undefined : findComponentClass(name)
    const type = named && (declared === undefined || isSubclass(named, declared)) ? named : declared
    if (type === undefined) throw new UnknownComponentClassError(this.name, name, componentClassNames())
    if (!isLoadable(type)) throw this.cannotLoad()
    return type
  }

  private cannotLoad(): DeclarationError {
    return new DeclarationError('ComponentSpec', this.name, 'loading needs a class with a static fromPretrained().')
  }
}

/** A class that reads its components from files. */
type LoadableClass = ComponentClass & Required<Pick<ComponentClass, 'fromPretrained'>>

function isLoadable(type: ComponentClass): type is LoadableClass {
  return type.fromPretrained !== undefined
}

/** Whether a component holds weights, which its config does not tell. */
export function hasWeights(component: unknown): boolean {
  return typeof (component as { parameters?: unknown } | null | undefined)?.parameters === 'function'
}

/** The settings that a component says it was made from. */
export function configOf(component: unknown): Readonly<Record<string, unknown>> | undefined {
  const config: unknown = (component as { config?: unknown } | null | undefined)?.config
  return typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : undefined
}
