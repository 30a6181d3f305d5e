/** `tesserae generate --ip-adapter`: pictures that are shown beside the prompt, and the adapters that look at them. */
import { type Image, loadIpAdapter, setIpAdapterScale } from '../components'
import type { ModularPipeline } from '../src'
import type { AnyPipeline } from './open-pipeline'
import { pictureName, readPicture } from './read-pictures'
import { requireComponent } from './require-component'
import { UnfitOptionError } from './unfit-option-error'

/** The options that say what is shown beside the prompt. */
export interface IPAdapterOptions {
  /** Files of adapters. */
  ipAdapter?: readonly string[]
  /** Pictures: one for each adapter, or any number for a single one. */
  ipImage?: readonly string[]
  /** How much the pictures of each adapter count. */
  ipScale?: readonly number[]
}

/** The input that they become. */
export interface IPAdapterPictures {
  ipAdapterImage?: (Image | Image[])[]
}

/**
 * Reads the pictures.
 *
 * @throws UnfitOptionError for options that do not go with each other; MissingFileError, InvalidImageError, ImageDownloadError
 */
export async function readIpImages(
  { ipAdapter = [], ipImage = [], ipScale = [] }: IPAdapterOptions,
  signal?: AbortSignal,
): Promise<IPAdapterPictures> {
  const count = ipAdapter.length
  if (count === 0) {
    if (ipImage.length > 0)
      throw new UnfitOptionError('--ip-image', 'there is no adapter to show it to. Add --ip-adapter.')
    if (ipScale.length > 0) throw new UnfitOptionError('--ip-scale', 'it is for an adapter. Add --ip-adapter.')
    return {}
  }
  if (ipImage.length === 0)
    throw new UnfitOptionError('--ip-adapter', 'there is no picture to show it. Add --ip-image.')
  if (count > 1 && ipImage.length !== count) {
    throw new UnfitOptionError(
      '--ip-image',
      `there are ${ipImage.length} pictures for ${count} adapters. Name one for each.`,
    )
  }
  if (ipScale.length > 0 && ipScale.length !== count) {
    throw new UnfitOptionError(
      '--ip-scale',
      `there are ${ipScale.length} scales for ${count} adapters. Name one for each.`,
    )
  }
  const images: Image[] = []
  for (const image of ipImage) images.push(await readPicture(image, signal))
  return { ipAdapterImage: count === 1 ? [images] : images }
}

/**
 * Loads the adapters, once the UNet is loaded.
 *
 * @throws UnfitOptionError for a pipeline that takes none; what loading them throws
 */
export async function useIpAdapters(
  pipe: AnyPipeline,
  { ipAdapter = [], ipScale = [] }: IPAdapterOptions,
  signal: AbortSignal,
): Promise<void> {
  if (ipAdapter.length === 0) return
  requireComponent(pipe, '--ip-adapter', 'adapters')
  const adapted = pipe as unknown as ModularPipeline // Of any blocks.
  await loadIpAdapter(adapted, ipAdapter, { signal })
  if (ipScale.length > 0) setIpAdapterScale(adapted, ipScale)
}

/** Names adapters and pictures in the record of a run, without what may be secret in addresses. */
export function ipAdapterNames({ ipAdapter, ipImage = [], ipScale }: IPAdapterOptions) {
  if (ipAdapter === undefined) return {}
  return {
    ipAdapter: ipAdapter.map(pictureName),
    ipImage: ipImage.map(pictureName),
    ...(ipScale && { ipScale: [...ipScale] }),
  }
}
