import { toGrayscale, toRgb } from '../../../components/images/convert-channels'
import { Image } from '../../../components/images/image'
import { countingImage } from './pictures'

describe('toRgb', () => {
  test('triples grey', () => {
    expect(toRgb(countingImage(2, 1, 1)).data).toEqual(Uint8Array.of(0, 0, 0, 1, 1, 1))
  })

  test('drops opacity', () => {
    expect(toRgb(countingImage(2, 1, 4)).data).toEqual(Uint8Array.of(0, 1, 2, 4, 5, 6))
  })

  test('keeps RGB', () => {
    expect(toRgb(countingImage(2, 2))).toEqual(countingImage(2, 2))
  })
})

describe('toGrayscale', () => {
  test('weighs the colours as Pillow does', () => {
    const data = Uint8Array.of(177, 255, 44, 92, 188, 109, 31, 235, 36, 186, 208, 180, 125, 111, 172, 92, 208, 78)
    const grey = toGrayscale(new Image({ width: 6, height: 1, channels: 3, data }))
    // PIL.Image.convert('L') of the same picture (Pillow 13.0).
    expect(grey).toEqual(
      new Image({ width: 6, height: 1, channels: 1, data: Uint8Array.of(208, 150, 151, 198, 122, 158) }),
    )
  })

  test('keeps every grey of an RGB picture', () => {
    const grey = countingImage(256, 1, 1)
    expect(toGrayscale(toRgb(grey))).toEqual(grey)
    expect(toGrayscale(grey)).toEqual(grey)
  })
})
