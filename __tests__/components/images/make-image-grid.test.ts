import { Image } from '../../../components/images/image'
import { ImageSizeError } from '../../../components/images/image-size-error'
import { makeImageGrid } from '../../../components/images/make-image-grid'
import { countingImage } from './pictures'

function pixel(value: number): Image {
  return new Image({ width: 1, height: 1, channels: 1, data: Uint8Array.of(value) })
}

describe('makeImageGrid', () => {
  test('tiles row by row, as square as can be, with white in what is left', () => {
    const grid = makeImageGrid([1, 2, 3, 4, 5].map(pixel))
    expect(grid.size).toBe('3 × 2 × 1')
    expect([...grid.data]).toEqual([1, 2, 3, 4, 5, 255])
  })

  test('takes the columns that are asked for', () => {
    const grid = makeImageGrid([1, 2].map(pixel), { columns: 1 })
    expect(grid.size).toBe('1 × 2 × 1')
    expect([...grid.data]).toEqual([1, 2])
  })

  test('keeps the rows of each image together', () => {
    const grid = makeImageGrid([countingImage(2, 2, 3), countingImage(2, 2, 3, 100)])
    expect([...grid.data]).toEqual([
      ...[0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105],
      ...[6, 7, 8, 9, 10, 11, 106, 107, 108, 109, 110, 111],
    ])
  })

  test('refuses no images, unequal images, and columns that are none', () => {
    expect(() => makeImageGrid([])).toThrow(/A grid needs at least one image/)
    const unequal = [countingImage(2, 2), countingImage(2, 3)]
    expect(() => makeImageGrid(unequal)).toThrow(/image 0 is 2 × 2 × 3 and image 1 is 2 × 3 × 3/)
    for (const columns of [0, 1.5, -1, Number.NaN]) {
      expect(() => makeImageGrid([pixel(1)], { columns })).toThrow(ImageSizeError)
    }
  })
})
