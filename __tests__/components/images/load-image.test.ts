/** What files are read as is among the goldens of the area `images`; here is what differs from Pillow, or has a choice. */
import sharp from 'sharp'
import { Image } from '../../../components/images/image'
import { loadImage } from '../../../components/images/load-image'
import { countingImage } from './pictures'

const encoder = ({ width, height, channels, data }: Image) => sharp(data, { raw: { width, height, channels } })

test('a picture stays as it is, but for its opacity', async () => {
  const image = countingImage(3, 2)
  expect(await loadImage(image)).toBe(image)
  expect(await loadImage(countingImage(3, 2, 4))).toMatchObject({ channels: 3 })
})

test('a colour profile is ignored unless it is asked for', async () => {
  const bytes = await encoder(countingImage(30, 20)).withIccProfile('p3').png().toBuffer()
  const [plain, profiled] = [await loadImage(bytes), await loadImage(bytes, { ignoreColorProfile: false })]
  expect(profiled.data).toEqual((await Image.load(bytes)).data)
  expect(plain.data).not.toEqual(profiled.data)
  const { data } = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true })
  expect(plain.data).toEqual(Uint8Array.from(data))
})

test('grey of 16 bits keeps its levels, of which Pillow makes almost all white', async () => {
  const levels = Uint16Array.from([0, 255, 256, 32_768, 65_535])
  const bytes = await sharp(levels, { raw: { width: 5, height: 1, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer()
  expect([...(await loadImage(bytes)).data.filter((_, i) => i % 3 === 0)]).toEqual([0, 0, 1, 128, 255])
})
