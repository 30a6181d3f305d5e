/** Containers that hold real components, for tests. */
import { ComponentContainer } from '../src'

/**
 * Returns a container with these components, under their names. The caller owns it and the components: a pipeline that uses it disposes neither.
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
