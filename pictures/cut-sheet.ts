/** The pictures of a sheet without labels, as the samples make them. */
import type { Image } from 'tesserae'
import { crop } from '../components/images/crop'

/** Cuts a sheet into squares, row by row. */
export function cutSheet(sheet: Image, side: number): Image[] {
  const columns = sheet.width / side
  return Array.from({ length: columns * (sheet.height / side) }, (_, i) => {
    const left = (i % columns) * side
    const top = Math.floor(i / columns) * side
    return crop(sheet, [left, top, left + side, top + side])
  })
}
