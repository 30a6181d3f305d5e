/** `tesserae generate --t2i-adapter`: a picture that the result follows, and the T2I-Adapter that looks at it. */
import { type Image, T2IAdapter } from '../components'
import { ComponentSpec } from '../src'
import type { Control } from './control-arguments'
import type { AnyPipeline } from './open-pipeline'
import { readPicture } from './read-pictures'
import { requireComponent } from './require-component'

/** The option. */
export interface T2IAdapterOptions {
  t2iAdapter?: Control
}

/** The inputs that it becomes. */
export interface T2IAdapterInputs {
  adapterImage?: Image
  adapterConditioningScale?: number
}

/** Reads the picture. @throws MissingFileError, InvalidImageError, ImageDownloadError */
export async function readAdapterImage(
  { t2iAdapter }: T2IAdapterOptions,
  signal?: AbortSignal,
): Promise<T2IAdapterInputs> {
  if (t2iAdapter === undefined) return {}
  const { image, scale } = t2iAdapter
  const adapterImage = await readPicture(image, signal)
  return { adapterImage, ...(scale !== undefined && { adapterConditioningScale: scale }) }
}

/** Lets a pipeline load the T2I-Adapter with its other components. @throws UnfitOptionError for a pipeline that takes none */
export function useT2IAdapter(pipe: AnyPipeline, { t2iAdapter }: T2IAdapterOptions): void {
  if (t2iAdapter === undefined) return
  requireComponent(pipe, '--t2i-adapter', 'adapter')
  const place = { name: 'adapter', typeHint: T2IAdapter, pretrainedModelNameOrPath: t2iAdapter.net }
  pipe.updateComponents({ adapter: new ComponentSpec(place) })
}
