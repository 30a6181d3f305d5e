import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clearLeftovers, recoverFolder, setAsideBeside, temporaryBeside } from '../../../src/files/leftovers'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { nameOfDeadProcess } from './dead-process'

const folder = useTemporaryFolder()
const pipe = () => join(folder(), 'pipe')

afterEach(() => jest.restoreAllMocks())

describe('clearLeftovers', () => {
  test('removes what killed processes have left, and nothing else', async () => {
    await writeFile(nameOfDeadProcess(pipe(), 'temporary'), 'half')
    await mkdir(join(nameOfDeadProcess(pipe(), 'temporary'), 'unet'), { recursive: true })
    const running = temporaryBeside(pipe())
    await writeFile(running, 'of a process that goes on')
    const others = ['.tesserae-notes', 'picture.png', '.tesserae-00000000-1-00000000-0000-0000-0000-000000000000.tmp']
    for (const name of others) await writeFile(join(folder(), name), '')
    await clearLeftovers(folder())
    expect((await readdir(folder())).map(name => join(folder(), name)).sort()).toEqual(
      [...others.map(name => join(folder(), name)), running].sort(),
    )
  })

  test('removes what nobody has touched for a day, though a process has that number again', async () => {
    await mkdir(temporaryBeside(pipe()))
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 24 * 60 * 60_000 + 1000)
    await mkdir(join(folder(), 'here'))
    await clearLeftovers(folder())
    expect(await readdir(folder())).toEqual(['here'])
  })

  test('puts back a folder whose new version did not come, and removes one whose did', async () => {
    await mkdir(nameOfDeadProcess(pipe(), 'aside'))
    await mkdir(join(folder(), 'other'))
    await mkdir(nameOfDeadProcess(join(folder(), 'other'), 'aside'))
    await clearLeftovers(folder())
    expect((await readdir(folder())).sort()).toEqual(['other', 'pipe'])
  })

  test('does not mind a folder that is not there', async () => {
    await clearLeftovers(join(folder(), 'nowhere'))
    expect(await readdir(folder())).toEqual([])
  })
})

describe('recoverFolder', () => {
  test('puts a folder back that a killed process had set aside', async () => {
    const aside = nameOfDeadProcess(pipe(), 'aside')
    await mkdir(aside)
    await writeFile(join(aside, 'index.json'), 'old')
    recoverFolder(pipe())
    expect(await readFile(join(pipe(), 'index.json'), 'utf8')).toBe('old')
  })

  test('leaves a folder that exists, and one that a running process has set aside', async () => {
    await mkdir(setAsideBeside(pipe()))
    recoverFolder(pipe())
    expect(await readdir(folder())).not.toContain('pipe')
    await mkdir(pipe())
    await mkdir(nameOfDeadProcess(pipe(), 'aside'))
    recoverFolder(pipe())
    expect(await readdir(pipe())).toEqual([])
  })

  test('puts a folder back that was set aside minutes ago, though a process has that number again', async () => {
    await mkdir(setAsideBeside(pipe()))
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * 60_000)
    recoverFolder(pipe())
    expect(await readdir(folder())).toEqual(['pipe'])
  })
})
