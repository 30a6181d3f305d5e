/** How far two pictures are apart. */
import type { Image } from '../../../components/images/image'

/** The largest difference of two pictures of one size, in grey levels. */
export function greyLevels(a: Image, b: Image): number {
  expect([a.width, a.height, a.channels]).toEqual([b.width, b.height, b.channels])
  return Math.max(...Array.from(a.data, (value, i) => Math.abs(value - (b.data[i] as number))))
}
