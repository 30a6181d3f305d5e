import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { Image } from '../../../components/images/image'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { InvalidPngTextError } from '../../../components/images/invalid-png-text-error'
import { readPngText } from '../../../components/images/png-text'
import { UnwritableFileError } from '../../../src/files/unwritable-file-error'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { countingImage } from './pictures'

const folder = useTemporaryFolder()

describe('Image', () => {
  test.each([
    [0, 1, 3, 0],
    [1.5, 2, 3, 9],
    [1, -1, 3, 3],
    [2, 2, 2, 8],
    [2, 2, 3, 11],
  ])('cannot be %p × %p × %p with %p bytes', (width, height, channels, length) => {
    const options = { width, height, channels: channels as 3, data: new Uint8Array(length) }
    expect(() => new Image(options)).toThrow(InvalidImageError)
  })

  describe('save', () => {
    test('writes a PNG file that holds every pixel', async () => {
      for (const channels of [3, 4] as const) {
        const image = countingImage(5, 7, channels)
        await image.save(join(folder(), 'picture.png'))
        expect(await Image.load(join(folder(), 'picture.png'))).toEqual(image)
      }
      expect(await readdir(folder())).toEqual(['picture.png'])
    })

    test('writes a grey PNG file, which is read as RGB', async () => {
      await countingImage(2, 1, 1).save(join(folder(), 'grey.png'))
      expect((await Image.load(join(folder(), 'grey.png'))).data).toEqual(Uint8Array.of(0, 0, 0, 1, 1, 1))
    })

    test.each([
      ['picture.jpg', 'jpeg'],
      ['picture.JPEG', 'jpeg'],
      ['picture.webp', 'webp'],
      ['picture.png', 'png'],
    ])('writes %s as %s', async (name, format) => {
      const image = new Image({ width: 16, height: 8, channels: 3, data: new Uint8Array(384).fill(200) })
      await image.save(join(folder(), name))
      expect(await sharp(join(folder(), name)).metadata()).toMatchObject({ format, width: 16, height: 8 })
      const { data } = await Image.load(join(folder(), name))
      expect(Math.max(...data.map(byte => Math.abs(byte - 200)))).toBeLessThanOrEqual(2)
    })

    test('stores text in a PNG file', async () => {
      await countingImage(2, 2).save(join(folder(), 'picture.png'), { tesserae: '{"prompt":"日本 🙂"}' })
      const text = await readPngText(await readFile(join(folder(), 'picture.png')))
      expect(text.get('tesserae')).toBe('{"prompt":"日本 🙂"}')
    })

    test.each(['picture.gif', 'picture', 'picture.png.bak', '.png'])('refuses the name %s', async name => {
      const saving = countingImage(2, 2).save(join(folder(), name))
      await expect(saving).rejects.toThrow(UnwritableFileError)
      await expect(saving).rejects.toMatchObject({ reason: 'unknown-format' })
      await expect(saving).rejects.toThrow(/\.png, \.jpg, \.jpeg, \.webp/)
    })

    test('refuses a missing folder, and a folder in place of the file', async () => {
      await mkdir(join(folder(), 'images.png'))
      const image = countingImage(2, 2)
      await expect(image.save(join(folder(), 'out', 'a.png'))).rejects.toMatchObject({ reason: 'missing-folder' })
      await expect(image.save(join(folder(), 'images.png'))).rejects.toMatchObject({ reason: 'is-folder' })
      expect(await readdir(folder())).toEqual(['images.png'])
    })

    test('writes nothing when the text is not allowed or the format too small', async () => {
      const path = join(folder(), 'picture.png')
      await expect(countingImage(2, 2).save(path, { '': 'x' })).rejects.toThrow(InvalidPngTextError)
      await expect(countingImage(20_000, 1).save(join(folder(), 'a.webp'))).rejects.toThrow(InvalidImageError)
      expect(await readdir(folder())).toEqual([])
    })
  })

  describe('load', () => {
    test('reads the bytes of a file', async () => {
      const image = countingImage(4, 4)
      expect(await Image.load(await image.toPng())).toEqual(image)
    })

    test('turns a photograph upright', async () => {
      const bytes = await sharp(countingImage(4, 2).data, { raw: { width: 4, height: 2, channels: 3 } })
        .withMetadata({ orientation: 6 })
        .png()
        .toBuffer()
      expect((await Image.load(bytes)).size).toBe('2 × 4 × 3')
    })

    test('reads 16 bits for each channel as 8', async () => {
      const deep = await sharp(countingImage(3, 3).data, { raw: { width: 3, height: 3, channels: 3 } })
        .toColourspace('rgb16')
        .png()
        .toBuffer()
      expect((await sharp(deep).metadata()).depth).toBe('ushort')
      expect(await Image.load(deep)).toEqual(countingImage(3, 3))
    })

    test('refuses a missing file, saying what is there', async () => {
      await writeFile(join(folder(), 'other.png'), '')
      const loading = Image.load(join(folder(), 'picture.png'))
      await expect(loading).rejects.toThrow(MissingFileError)
      await expect(loading).rejects.toThrow(/other\.png/)
    })

    test('refuses a folder', async () => {
      await expect(Image.load(folder())).rejects.toThrow(InvalidImageError)
    })

    test('says how to get the image that a pointer of Git LFS stands for', async () => {
      await writeFile(
        join(folder(), 'pointer.png'),
        'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n',
      )
      await expect(Image.load(join(folder(), 'pointer.png'))).rejects.toThrow(/pointer\.png: .* "git lfs pull"/)
    })

    test('refuses what is not an image, and what is damaged', async () => {
      const png = await countingImage(64, 64).toPng()
      const flipped = Buffer.from(png)
      flipped[png.length - 100] = 255 - (flipped[png.length - 100] as number)
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.from('text'),
        png.subarray(0, png.length - 40),
        png.subarray(0, 20),
        flipped,
      ]) {
        await expect(Image.load(bytes)).rejects.toThrow(InvalidImageError)
        await writeFile(join(folder(), 'damaged.png'), bytes)
        await expect(Image.load(join(folder(), 'damaged.png'))).rejects.toThrow(
          /damaged\.png: (?:cannot be read as|is not) an image/,
        )
      }
    })
  })
})
