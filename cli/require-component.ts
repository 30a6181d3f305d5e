/** The components that options replace. */
import type { ComponentSpec } from '../src'
import type { AnyPipeline } from './open-pipeline'
import { UnfitOptionError } from './unfit-option-error'

/** How the pipeline asks for the component that an option replaces. @throws UnfitOptionError for one that it does not have */
export function requireComponent(pipe: AnyPipeline, option: string, name: string): ComponentSpec {
  const spec = pipe.getComponentSpec(name)
  if (spec !== undefined) return spec
  const problem = `this pipeline has no component ${name}. It has ${pipe.componentNames.join(', ')}. Leave the option out.`
  throw new UnfitOptionError(option, problem)
}
