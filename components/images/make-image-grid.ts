/** Several images on one sheet. Counterpart: diffusers utils/pil_utils.py (make_image_grid). */
import { inPieces, runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { Image } from './image'
import { ImageSizeError } from './image-size-error'
import { requireEqualImages } from './require-equal-images'

/** Bytes that are copied between two looks at the clock. */
const PIECE = 2 ** 20

/** How images are laid out. */
export interface ImageGridOptions {
  /** Default: as many as make the sheet square. */
  columns?: number | undefined
}

/**
 * Tiles images row by row. Places that are left over are white.
 *
 * @throws ImageSizeError if there are no images, if they are not of one size, or if `columns` is not a whole number of at least 1
 */
export function makeImageGrid(images: readonly Image[], options?: ImageGridOptions): Image {
  return runAtOnce(gridLoop(images, options))
}

/**
 * Tiles images as {@link makeImageGrid} does, in slices between which the event loop runs.
 *
 * @throws ImageSizeError as there; the reason of `signal`
 */
export function makeImageGridAsync(
  images: readonly Image[],
  { signal, ...options }: ImageGridOptions & { signal?: AbortSignal | undefined } = {},
): Promise<Image> {
  return runInSlices(gridLoop(images, options), signal)
}

function* gridLoop(
  images: readonly Image[],
  { columns = Math.ceil(Math.sqrt(images.length)) }: ImageGridOptions = {},
): Generator<void, Image, void> {
  const { width, height, channels } = requireEqualImages(images, 'A grid')
  if (!Number.isSafeInteger(columns) || columns < 1) {
    throw new ImageSizeError(`A grid needs a whole number of at least 1 columns, but got ${columns}.`)
  }
  const rows = Math.ceil(images.length / columns)
  const rowBytes = columns * width * channels
  const data = new Uint8Array(rows * height * rowBytes)
  yield* inPieces(data.length, (begin, end) => data.fill(255, begin, end), PIECE)
  for (const [i, image] of images.entries()) {
    const left = (i % columns) * width * channels
    const top = Math.floor(i / columns) * height
    const copyLines = (begin: number, end: number) => {
      for (let y = begin; y < end; y++) {
        const line = image.data.subarray(y * width * channels, (y + 1) * width * channels)
        data.set(line, (top + y) * rowBytes + left)
      }
    }
    yield* inPieces(height, copyLines, Math.max(1, Math.floor(PIECE / (width * channels))))
    yield
  }
  return new Image({ width: columns * width, height: rows * height, channels, data })
}
