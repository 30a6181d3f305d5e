/** A block needs a component that nobody supplies. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList, pathText } from './text'

/** What {@link MissingComponentError} is made of. */
export interface MissingComponentDetails {
  path: readonly string[]
  /** Name of the component. */
  component: string
  /** Class that the block asks for, if it does. */
  className?: string | undefined
  /** Where it would be loaded from, if the pipeline knows. */
  loadable?: string | undefined
  /** Names of the components that exist. */
  available: readonly string[]
}

/** A component on the path of this run was neither registered, nor made from its config, nor loaded. */
export class MissingComponentError extends ModularError {
  override readonly code = 'MISSING_COMPONENT'
  /** Name of the component. */
  readonly component: string

  constructor({ path, component, className, loadable, available }: MissingComponentDetails) {
    const type = className ? ` (${className})` : ''
    const nearest = nearestName(component, available)
    const load = loadable
      ? `call "await pipe.loadComponents()", which loads it from ${loadable}`
      : 'make the pipeline from a model folder with blocks.initPipeline(folder) and call "await pipe.loadComponents()"'
    const supply = `supply it: pipe.container.register('${component}', { useValue: … })`
    const [first, second] = loadable ? [load, supply] : [supply, load]
    super(
      `${pathText(path)}: the component "${component}"${type} is missing; the pipeline has ${nameList(available)}.\n` +
        `${nearest ? `  closest name: "${nearest}"\n` : ''}  to fix: ${first},\n  or ${second}`,
      { path },
    )
    this.component = component
  }
}
