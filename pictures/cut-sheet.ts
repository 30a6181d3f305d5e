/** The pictures of a sheet without labels, as the samples make them. */
import { Image } from 'tesserae'

/** Cuts a sheet into squares, row by row. */
export function cutSheet(sheet: Image, side: number): Image[] {
  const { width, height, channels, data } = sheet
  const columns = width / side
  return Array.from({ length: columns * (height / side) }, (_, i) => {
    const cell = new Uint8Array(side * side * channels)
    const left = (i % columns) * side
    const top = Math.floor(i / columns) * side
    for (let y = 0; y < side; y++) {
      const begin = ((top + y) * width + left) * channels
      cell.set(data.subarray(begin, begin + side * channels), y * side * channels)
    }
    return new Image({ width: side, height: side, channels, data: cell })
  })
}
