/** Containers that hold real components, for tests. */
import { ComponentContainer } from '../src'

/**
 * A container with these components, under their names. It is the caller's, as the components are: a pipeline that uses it disposes neither.
 *
 * ```ts
 * const container = containerOf({ unet, scheduler: new DDIMScheduler() })
 * const pipe = blocks.initPipeline(undefined, { container })
 * ```
 */
export function containerOf(components: Readonly<Record<string, unknown>>): ComponentContainer {
  const container = ComponentContainer.create()
  for (const [name, value] of Object.entries(components)) container.register(name, { useValue: value })
  return container
}
