/** `tesserae generate --preview`: a picture of the run so far, written while it continues. */

import { extname } from 'node:path'
import { IMAGE_EXTENSIONS } from '../components/images/image'
import { absolutePath } from '../src/files/absolute-path'
import { UnwritableFileError } from '../src/files/unwritable-file-error'
import type { PreviewEvent } from '../src/runtime/events'
import { requireWritable } from './output-files'

/** The options that say where previews go, and how often. */
export interface PreviewFileOptions {
  preview?: string
  previewEvery?: number
}

/** Writes previews of runs into one file, each as a whole in place of the one before. */
export class PreviewFile {
  private constructor(
    private readonly path: string,
    private readonly every: number,
  ) {}

  /**
   * Returns `undefined` if no preview is asked for.
   *
   * @throws UnwritableFileError for a name that ends in no known extension, and for a folder that is missing or cannot be written to
   */
  static async open({ preview, previewEvery = 1 }: PreviewFileOptions): Promise<PreviewFile | undefined> {
    if (preview === undefined) return undefined
    const path = absolutePath(preview)
    if (!IMAGE_EXTENSIONS.includes(extname(path).toLowerCase())) {
      const problem = `the name of the preview must end in ${IMAGE_EXTENSIONS.join(', ')}.`
      throw new UnwritableFileError(path, 'unknown-format', problem)
    }
    await requireWritable(path)
    return new PreviewFile(path, previewEvery)
  }

  /** Writes the first picture of a preview, if it is the turn of its step; the last step is always written. */
  async show({ step, total, images }: PreviewEvent): Promise<void> {
    if (step % this.every !== 0 && step !== total) return
    const [image] = await images()
    await image?.save(this.path)
  }
}
