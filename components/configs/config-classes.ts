/** Components that are nothing but their settings, of classes that a config names: schedulers, guiders. */
import type { ModularError } from '../../src/errors/modular-error'
import { classNameOf } from '../../src/format/class-name'
import type { FromPretrainedOptions } from '../../src/params/component-class'
import { ComponentClassError } from './component-class-error'
import { fetchConfig } from './fetch-config'
import type { RawConfig } from './parse-config'

/** A class whose instances are made from a config. */
export interface ConfigClass<T> {
  new (config: RawConfig, file?: string): T
  readonly name: string
}

/** The same, or the base class of its kind, which makes no instances itself. */
export type BaseOrConfigClass<T> = (abstract new (...args: never[]) => T) & { readonly name: string }

/** What sets one kind of components apart. */
export interface ConfigClassesOptions<Base> {
  /** The base class: called on it, loading chooses the class. A function, as the class is made after this. */
  readonly base: () => BaseOrConfigClass<Base>
  /** The file that the settings are in. */
  readonly fileName: string
  /** The class if the config names none; without it, the config must name one. */
  readonly defaultName?: string
  /** The error for a name that no class has. */
  readonly unknown: (name: string | undefined, known: readonly string[], source: string | undefined) => ModularError
}

/** What {@link ConfigClasses.load} gives. */
export interface LoadedConfig<T> {
  readonly chosen: ConfigClass<T>
  readonly config: RawConfig
  /** The file that the config was read from. */
  readonly file: string
}

/** The classes of one kind, from which its base class chooses. */
export class ConfigClasses<Base> {
  private readonly classes = new Map<string, ConfigClass<Base>>()

  constructor(private readonly options: ConfigClassesOptions<Base>) {}

  /** Adds classes, under the names that configs give them. */
  register(classes: readonly ConfigClass<Base>[]): void {
    for (const each of classes) this.classes.set(classNameOf(each), each)
  }

  /** Returns the class that makes a component of a config: the one that was asked, or for the base class the one that the config names. */
  choose<T extends Base>(asked: BaseOrConfigClass<T>, config: RawConfig, file?: string): ConfigClass<T> {
    return this.named(asked, config['_class_name'] ?? config['_className'], file)
  }

  /**
   * Reads a config from a folder or a repository, and chooses the class: the one that the model's index names, otherwise the config.
   *
   * @throws MissingFileError, InvalidConfigError; what {@link ConfigClassesOptions.unknown} makes; what fetching a repository throws
   * @throws ComponentClassError if the model's index names another class than the one that was asked
   */
  async load<T extends Base>(
    asked: BaseOrConfigClass<T>,
    path: string | URL,
    options: FromPretrainedOptions,
  ): Promise<LoadedConfig<T>> {
    const { className } = options
    const { config, folder, file } = await fetchConfig(path, this.options.fileName, options)
    const chosen = this.named(asked, className ?? config['_class_name'], file)
    if (className !== undefined && className !== classNameOf(chosen)) {
      throw new ComponentClassError(classNameOf(chosen), className, `The index of ${folder}`)
    }
    return { chosen, config, file }
  }

  private named<T extends Base>(asked: BaseOrConfigClass<T>, named: unknown, file: string | undefined): ConfigClass<T> {
    const { base, defaultName, unknown } = this.options
    // Every class but the base is concrete and takes a config.
    if ((asked as unknown) !== base()) return asked as unknown as ConfigClass<T>
    const name = typeof named === 'string' ? named : defaultName
    const found = name === undefined ? undefined : this.classes.get(name)
    if (found === undefined) throw unknown(name, [...this.classes.keys()], file)
    return found as unknown as ConfigClass<T> // T is the base class here.
  }
}
