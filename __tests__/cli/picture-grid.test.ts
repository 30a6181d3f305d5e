/** The sheet of several pictures, and when it is left out. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { GenerationRecord } from '../../cli/generation-record'
import { PictureGrid } from '../../cli/picture-grid'
import { Image } from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const record = { prompt: 'cat' } as GenerationRecord
const square = (side: number) =>
  new Image({ width: side, height: side, channels: 3, data: new Uint8Array(side * side * 3) })

test('is written with the number of its pictures', async () => {
  const file = join(folder(), 'x.png')
  const warnings: string[] = []
  const grid = new PictureGrid(file, 3, message => warnings.push(message))
  for (let i = 0; i < 3; i++) grid.add(square(8))
  await grid.save(record)
  expect(await Image.load(file)).toMatchObject({ width: 16, height: 16 })
  expect(grid.file).toBe(file)
  expect(warnings).toEqual([])
})

test('is not written if it would be too large: thousand pictures, each of 512 pixels', async () => {
  const file = join(folder(), 'x.png')
  const warnings: string[] = []
  const grid = new PictureGrid(file, 1000, message => warnings.push(message))
  grid.add(square(512))
  grid.add(square(512))
  await grid.save(record)
  expect(grid.file).toBeUndefined()
  expect(readdirSync(folder())).toEqual([])
  expect(warnings).toEqual([expect.stringContaining('would have 262144000 pixels; at most 134217728 are written.')])
})
