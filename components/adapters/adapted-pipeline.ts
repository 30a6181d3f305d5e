/** What the functions for all kinds of adapters need of a pipeline. */
import { ComponentTypeError } from '../../src/errors/component-type-error'
import { MissingComponentError } from '../../src/errors/missing-component-error'
import type { ModularPipeline } from '../../src/pipeline/modular-pipeline'
import { Adapters } from './adapters'

/** The adapters of a pipeline. @throws ComponentTypeError for a pipeline whose blocks take none */
export function adaptersOf(pipe: ModularPipeline): Adapters {
  const { adapters } = pipe.components as { adapters?: unknown }
  if (adapters instanceof Adapters) return adapters
  throw new ComponentTypeError(
    [],
    'adapters',
    'an Adapters, which blocks that take LoRAs, IP-Adapters or textual inversions ask for',
    'missing',
  )
}

/** Returns the error for a component that an adapter changes and the pipeline does not have, or has not loaded. */
export function missingComponent(
  pipe: ModularPipeline,
  component: string,
  className: string | undefined,
): MissingComponentError {
  const components = pipe.components as Readonly<Record<string, unknown>>
  const available = pipe.componentNames.filter(name => components[name] !== undefined)
  const loadable = pipe.getComponentSpec(component)?.pretrainedModelNameOrPath
  return new MissingComponentError({ path: [], component, className, loadable, available })
}
