import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readUnchanged } from '../../../src/files/folder-stamp'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const target = () => join(folder(), 'model')

async function save(content: string): Promise<void> {
  const staging = join(folder(), 'staging')
  await mkdir(staging)
  await writeFile(join(staging, 'file'), content)
  await rm(target(), { recursive: true, force: true })
  await rename(staging, target())
}

describe('readUnchanged', () => {
  test.each([
    ['another folder takes its place', () => save('same')],
    ['a file is written over', () => writeFile(join(target(), 'file'), 'same')],
    ['a file is added', () => writeFile(join(target(), 'other'), '')],
  ])('reads again where %s', async (_, change) => {
    await save('same')
    const discarded: number[] = []
    let reads = 0
    const read = async () => {
      reads++
      if (reads === 1) await change()
      return reads
    }
    const { result, isUnchanged } = await readUnchanged([target()], read, value => discarded.push(value))
    expect({ result, isUnchanged, discarded }).toEqual({ result: 2, isUnchanged: true, discarded: [1] })
  })

  test('takes an error for what it is only where nothing changed', async () => {
    await save('one')
    let reads = 0
    const read = async () => {
      reads++
      if (reads === 1) {
        await save('two')
        throw new Error('half of it')
      }
      if (reads === 2) throw new Error('really wrong')
    }
    await expect(readUnchanged([target()], read, () => undefined)).rejects.toThrow('really wrong')
    expect(reads).toBe(2)
  })

  test('says so where it changes each time', async () => {
    let reads = 0
    const { isUnchanged } = await readUnchanged(
      [target()],
      () => save(String(reads++)),
      () => undefined,
    )
    expect(isUnchanged).toBe(false)
    expect(reads).toBe(20)
  })
})
