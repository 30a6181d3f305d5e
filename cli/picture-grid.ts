/** The sheet of all pictures that `tesserae generate --count` writes beside them. */
import type { Image } from '../components/images/image'
import { makeImageGridAsync } from '../components/images/make-image-grid'
import { type GenerationRecord, PNG_KEYWORD } from './generation-record'

/** Most pixels of a sheet. It is held twice until it is written: the pictures, and the sheet. */
const MOST_PIXELS = 2 ** 27

/** Gathers pictures that are drawn one after the other. */
export class PictureGrid {
  private readonly images: Image[] = []

  constructor(
    private path: string | undefined,
    private readonly count: number,
    private readonly warn: (message: string) => void,
  ) {}

  /** The file of the sheet; `undefined` if none is written. */
  get file(): string | undefined {
    return this.path
  }

  /** Takes in the next picture. Sheets that are too large are not written, with a warning. */
  add(image: Image): void {
    if (this.path === undefined) return
    const pixels = image.width * image.height * this.count
    if (pixels > MOST_PIXELS) {
      this.warn(
        `${this.path} is not written: a grid of ${this.count} pictures of ${image.width}×${image.height} pixels would have ${pixels} pixels; at most ${MOST_PIXELS} are written. The pictures themselves are complete.`,
      )
      this.path = undefined
      return
    }
    this.images.push(image)
  }

  /** Writes the sheet with the record of its first picture. */
  async save(record: GenerationRecord): Promise<void> {
    if (this.path === undefined) return
    const all = { ...record, count: this.images.length }
    await (await makeImageGridAsync(this.images)).save(this.path, { [PNG_KEYWORD]: JSON.stringify(all) })
  }
}
