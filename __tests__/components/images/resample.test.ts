import fc from 'fast-check'
import { Image } from '../../../components/images/image'
import { type Resample, resize } from '../../../components/images/resample'
import { countingImage } from './pictures'

/** 4 pixels wide, 3 high. */
const SMALL = new Image({
  width: 4,
  height: 3,
  channels: 1,
  data: Uint8Array.of(98, 117, 153, 20, 77, 40, 126, 216, 207, 189, 217, 242),
})

describe('resize', () => {
  // The results of PIL.Image.resize (Pillow 13.0) for this picture, narrowed and heightened at once.
  test.each<[Resample, number[]]>([
    ['lanczos', [131, 85, 85, 106, 57, 159, 145, 210, 215, 230]],
    ['bicubic', [120, 85, 91, 111, 61, 159, 148, 205, 209, 230]],
    ['bilinear', [114, 91, 96, 115, 68, 152, 148, 195, 201, 224]],
    ['nearest', [117, 20, 117, 20, 40, 216, 189, 242, 189, 242]],
  ])('with %s does what Pillow does', (resample, expected) => {
    expect([...resize(SMALL, { width: 2, height: 5, resample }).data]).toEqual(expected)
  })

  test('treats each channel alone', () => {
    const tripled = new Image({
      ...SMALL,
      channels: 3,
      data: Uint8Array.from([...SMALL.data].flatMap(byte => [byte, 255 - byte, 7])),
    })
    const { data } = resize(tripled, { width: 3, height: 2, resample: 'bicubic' })
    const grey = resize(SMALL, { width: 3, height: 2, resample: 'bicubic' }).data
    expect(data.filter((_, i) => i % 3 === 0)).toEqual(grey)
    expect(data.filter((_, i) => i % 3 === 2)).toEqual(new Uint8Array(6).fill(7))
  })

  test('changes nothing where the size stays', () => {
    const filter = fc.constantFrom<Resample>('lanczos', 'bicubic', 'bilinear', 'nearest')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        filter,
        (width, height, resample) => {
          const image = countingImage(width, height)
          expect(resize(image, { width, height, resample })).toEqual(image)
        },
      ),
    )
  })
})
