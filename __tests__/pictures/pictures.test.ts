/** The pictures of the documentation can be drawn again, are small, and are described. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { bundledModel, Image } from '../../index'
import { cutSheet } from '../../pictures/cut-sheet'
import { documentationPictures } from '../../pictures/documentation-pictures'
import { labelledSheet } from '../../pictures/labelled-sheet'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const root = join(__dirname, '..', '..')
const images = join(root, 'docs', 'images')

/** Most bytes of a picture, and of all of them. */
const LARGEST = 160_000
const LARGEST_SUM = 900_000

/** Drawn by hand: the file is its own source. */
const byHand = ['architecture.svg']

/** A picture of one colour. */
function plain(side: number, color: readonly number[]): Image {
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => color[i % 3] as number)
  return new Image({ width: side, height: side, channels: 3, data })
}

test('every picture in docs/images has a script, and is on a page with a description', () => {
  const names = readdirSync(images)
  const ofStudio = names.filter(name => name.startsWith('studio'))
  const screenshots = readFileSync(join(root, 'studio', 'screenshots.mjs'), 'utf8')
  for (const name of ofStudio) expect(screenshots).toContain(`'${name}'`)
  const drawn = [...ofStudio, ...byHand]
  expect(names.filter(name => !drawn.includes(name)).sort()).toEqual(Object.keys(documentationPictures).sort())
  expect(names).toEqual(expect.arrayContaining(byHand))

  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name =>
    /\.md$/.test(name),
  )
  const texts = ['README.md', ...pages.map(name => join('docs', name))].map(name =>
    readFileSync(join(root, name), 'utf8'),
  )
  const described = texts.flatMap(text =>
    [...text.matchAll(/!\[([^\]]{8,})\]\([^)]*images\/([^)]+)\)/g)].map(([, , name]) => name),
  )
  expect(names.filter(name => !described.includes(name))).toEqual([])
})

test('the pictures are small', () => {
  const sizes = readdirSync(images).map(name => [name, statSync(join(images, name)).size] as const)
  expect(sizes.filter(([, size]) => size > LARGEST)).toEqual([])
  expect(sizes.reduce((sum, [, size]) => sum + size, 0)).toBeLessThan(LARGEST_SUM)
})

test('the picture of a ControlNet can be drawn again, in the size that it has', async () => {
  const draw = documentationPictures['controlnet.png'] as (typeof documentationPictures)[string]
  const drawn = sharp(await draw({ model: bundledModel('emoji'), scratch: folder(), steps: 1 }))
  const { width, height } = await sharp(join(images, 'controlnet.png')).metadata()
  expect(await drawn.metadata()).toMatchObject({ format: 'png', width, height })
  // The outline is the same, whatever the number of steps.
  const outline = { left: 16, top: 16, width: 112, height: 112 }
  const [first, kept] = await Promise.all(
    [drawn, sharp(join(images, 'controlnet.png'))].map(picture =>
      picture.extract(outline).greyscale().raw().toBuffer(),
    ),
  )
  const differences = [...(first as Buffer)].map((value, i) => Math.abs(value - ((kept as Buffer)[i] as number)))
  expect(differences.reduce((sum, each) => sum + each, 0) / differences.length).toBeLessThan(6)
})

test('a labelled sheet has pictures in rows, each above its label', async () => {
  const [red, blue] = [plain(8, [255, 0, 0]), plain(8, [0, 0, 255])]
  const pictures = [red, blue, red].map(image => ({ image, label: 'a < b & c' }))
  const { data, info } = await sharp(await labelledSheet(pictures, { columns: 2, side: 32, width: 48 }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect([info.width, info.height]).toEqual([96, 120])
  const at = (x: number, y: number) => [...data.subarray((y * 96 + x) * 3, (y * 96 + x) * 3 + 3)]
  expect([at(24, 24), at(72, 24), at(24, 84), at(72, 84)]).toEqual([
    [255, 0, 0],
    [0, 0, 255],
    [255, 0, 0],
    [255, 255, 255],
  ])
  const label = Array.from({ length: 48 * 20 }, (_, i) => at(i % 48, 40 + Math.floor(i / 48))[0] as number)
  expect(label.filter(value => value < 160).length).toBeGreaterThan(10)
})

test('a sheet without labels is cut into its pictures', () => {
  const data = new Uint8Array(4 * 2 * 3)
  for (let i = 0; i < 8; i++) data.fill(i % 4 < 2 ? 10 : 20, 3 * i, 3 * i + 3)
  const sheet = new Image({ width: 4, height: 2, channels: 3, data })
  expect(cutSheet(sheet, 2).map(({ width, height, data }) => [width, height, new Set(data)])).toEqual([
    [2, 2, new Set([10])],
    [2, 2, new Set([20])],
  ])
})
