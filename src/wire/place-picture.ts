/** How pictures of a run get a URL. */

import type { PreviewImage } from '../runtime/events'
import type { MaybePromise } from '../runtime/maybe-promise'

/** What a picture belongs to. */
export interface PictureOrigin {
  /** Whether it is a result or a preview. */
  readonly kind: 'preview' | 'output'
  /** Name of the output; of a preview, the path of the step that offers it, joined by dots. */
  readonly name: string
  /** Which one of several, counted from 0. */
  readonly index: number
  /** Only of a preview: the iteration, counted from 1. */
  readonly step?: number
}

/** Stores a picture, and returns where it can be fetched. */
export type PlacePicture = (image: PreviewImage, origin: PictureOrigin) => MaybePromise<string>

/** A picture as JSON holds it. */
export interface WirePicture {
  /** Where the picture is. */
  readonly url: string
  /** Width in pixels. */
  readonly width: number
  /** Height in pixels. */
  readonly height: number
}

/** Whether a value is a picture: it has pixels of 8 bits, and can be saved. */
export function isPicture(value: unknown): value is PreviewImage {
  if (typeof value !== 'object' || value === null) return false
  const { width, height, data, save } = value as Partial<PreviewImage>
  return (
    typeof width === 'number' && typeof height === 'number' && data instanceof Uint8Array && typeof save === 'function'
  )
}

/** Stores a picture. */
export async function toWirePicture(
  image: PreviewImage,
  origin: PictureOrigin,
  place: PlacePicture,
): Promise<WirePicture> {
  const { width, height } = image
  return { url: await place(image, origin), width, height }
}
