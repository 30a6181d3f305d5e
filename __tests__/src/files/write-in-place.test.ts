/** Folders that cannot be exchanged as a whole: volumes, layers, links. */
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { UnfinishedSaveError } from '../../../src/errors/unfinished-save-error'
import { readUnchanged } from '../../../src/files/folder-stamp'
import { isLeftover, saveMarkIn } from '../../../src/files/leftovers'
import { mountPointsIn } from '../../../src/files/mount-points'
import * as replacing from '../../../src/files/replace-file'
import { isBeingSaved, whileMarked } from '../../../src/files/save-marks'
import { UnwritableFileError } from '../../../src/files/unwritable-file-error'
import { type WriteFolderOptions, writeFolderAtomically } from '../../../src/files/write-folder-atomically'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { nameOfDeadProcess } from './dead-process'
import { mount, mountOverlay, testWithMounts, unmountAll } from './mounts'

// Before the folder is removed: hooks run in the order of their declaration.
afterEach(unmountAll)
const folder = useTemporaryFolder()
const target = () => join(folder(), 'pipe')
type Files = Readonly<Record<string, string>>

async function put(files: Files, into: string): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(into, file)), { recursive: true })
    await writeFile(join(into, file), content)
  }
}

const old = { 'index.json': 'old', 'unet/config.json': 'old', 'unet/a.safetensors': 'old', 'README.md': 'mine' }
const fresh = { 'index.json': 'new', 'unet/config.json': 'new', 'unet/b.safetensors': 'new', 'vae/c.json': 'new' }
const after = { ...fresh, 'README.md': 'mine' }
const options: WriteFolderOptions = { markers: ['index.json'], replaces: file => file === 'unet/a.safetensors' }

const write = (path = target()) => writeFolderAtomically(path, staging => put(fresh, staging), options)

async function expectSaved(path = target()): Promise<void> {
  expect(await filesOf(path)).toEqual(after)
  // Nothing of ours is left beside them, or in folders inside.
  for (const place of [path, join(path, 'unet'), folder()]) {
    expect((await readdir(place)).filter(name => name.startsWith('.tesserae'))).toEqual([])
  }
}

/** The files of a folder with their contents; links are followed. */
async function filesOf(path: string, prefix = ''): Promise<Files> {
  const files: Record<string, string> = {}
  for (const name of await readdir(path)) {
    const place = join(path, name)
    if ((await stat(place)).isDirectory()) Object.assign(files, await filesOf(place, `${prefix}${name}/`))
    else files[prefix + name] = await readFile(place, 'utf8')
  }
  return files
}

describe('a folder that is written where it is', () => {
  testWithMounts('is an empty volume', async () => {
    await mkdir(target())
    mount('-t', 'tmpfs', 'tmpfs', target())
    await write()
    expect(await filesOf(target())).toEqual(fresh)
    expect(await mountPointsIn(target())).toEqual(new Set([target()]))
  })

  testWithMounts('is a volume with an earlier save', async () => {
    await mkdir(target())
    mount('-t', 'tmpfs', 'tmpfs', target())
    await put(old, target())
    await write()
    await expectSaved()
  })

  testWithMounts('is a volume in a folder that is read-only', async () => {
    await mkdir(target())
    mount('-t', 'tmpfs', 'tmpfs', folder())
    await mkdir(target())
    mount('-t', 'tmpfs', 'tmpfs', target())
    await put(old, target())
    mount('-o', 'remount,ro', folder())
    await write()
    expect(await filesOf(target())).toEqual(after)
  })

  testWithMounts.each(['a bind mount', 'a volume of its own', 'a volume that nothing is written to'])(
    'holds %s',
    async kind => {
      await put(old, target())
      const place = join(target(), kind.endsWith('written to') ? 'other' : 'unet')
      await mkdir(place, { recursive: true })
      const volume = join(folder(), 'volume')
      await mkdir(volume)
      if (kind === 'a bind mount') mount('--bind', volume, place)
      else mount('-t', 'tmpfs', 'tmpfs', place)
      await put({ 'a.safetensors': 'old', kept: 'old' }, place)
      await write()
      expect(await readFile(join(target(), 'unet', 'b.safetensors'), 'utf8')).toBe('new')
      expect(await readFile(join(place, 'kept'), 'utf8')).toBe('old')
      expect(await mountPointsIn(target())).toEqual(new Set([place]))
      if (kind === 'a bind mount') expect(await readdir(volume)).toEqual(['b.safetensors', 'config.json', 'kept'])
      expect((await readdir(folder())).sort()).toEqual(['pipe', 'volume'])
    },
  )

  testWithMounts('holds a file that is mounted by itself', async () => {
    await put(old, target())
    await writeFile(join(folder(), 'outside.json'), 'old and longer')
    mount('--bind', join(folder(), 'outside.json'), join(target(), 'index.json'))
    await write()
    await expectSaved()
    expect(await readFile(join(folder(), 'outside.json'), 'utf8')).toBe('new')
  })

  testWithMounts('is in a lower layer of an overlay', async () => {
    const at = (name: string) => join(folder(), 'fs', name)
    await mkdir(at('.'))
    mount('-t', 'tmpfs', 'tmpfs', at('.'))
    await put(old, join(at('lower'), 'pipe'))
    mountOverlay(at('.'))
    await write(join(at('merged'), 'pipe'))
    await expectSaved(join(at('merged'), 'pipe'))
    await write(join(at('merged'), 'pipe'))
    await expectSaved(join(at('merged'), 'pipe'))
  })

  testWithMounts('is as it was where the volume inside of it is full', async () => {
    await put(old, target())
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(target(), 'unet'))
    await put({ 'config.json': 'old' }, join(target(), 'unet'))
    const before = await filesOf(target())
    const saving = writeFolderAtomically(
      target(),
      async staging => {
        await put(fresh, staging)
        await writeFile(join(staging, 'unet', 'b.safetensors'), Buffer.alloc(200_000))
      },
      options,
    )
    await expect(saving).rejects.toBeInstanceOf(UnwritableFileError)
    await expect(saving).rejects.toMatchObject({ reason: 'no-space' })
    expect(await filesOf(target())).toEqual(before)
  })

  test('holds links to a folder and to a file, which are written through', async () => {
    await put(old, join(folder(), 'real'))
    await mkdir(target())
    await symlink(join('..', 'real', 'unet'), join(target(), 'unet'))
    await symlink(join(folder(), 'real', 'index.json'), join(target(), 'index.json'))
    await writeFile(join(target(), 'README.md'), 'mine')
    await write()
    await expectSaved()
    expect(await readlink(join(target(), 'unet'))).toBe(join('..', 'real', 'unet'))
    const { 'vae/c.json': _, ...linked } = after
    expect(await filesOf(join(folder(), 'real'))).toEqual(linked)
    expect((await readdir(join(folder(), 'real', 'unet'))).sort()).toEqual(['b.safetensors', 'config.json'])
  })

  test('is exchanged where its links are those of the cache of the Hub, whose contents stay', async () => {
    const blob = join(folder(), 'blobs', 'a'.repeat(64))
    await put({ [`blobs/${'a'.repeat(64)}`]: 'downloaded' }, folder())
    await mkdir(target())
    await symlink(blob, join(target(), 'index.json'))
    await writeFile(join(target(), 'README.md'), 'mine')
    await write()
    await expectSaved()
    expect(await readFile(blob, 'utf8')).toBe('downloaded')
  })
})

describe('a save in place', () => {
  /** A folder that cannot be exchanged, as its index is a link. */
  async function linked(): Promise<void> {
    await put(old, target())
    await rename(join(target(), 'index.json'), join(folder(), 'outside.json'))
    await symlink(join(folder(), 'outside.json'), join(target(), 'index.json'))
  }
  const read = () =>
    readUnchanged(
      [target(), join(target(), 'unet')],
      () => filesOf(target()),
      () => undefined,
    )
  const marks = async () => (await readdir(target())).filter(isLeftover)

  test('is waited for by readers', async () => {
    await linked()
    let reading: Promise<{ result: Files }> | undefined
    const replace = replacing.replaceFile
    jest.spyOn(replacing, 'replaceFile').mockImplementation(async (...files) => {
      reading ??= read()
      await setImmediate()
      await replace(...files)
    })
    await write()
    expect((await reading)?.result).toEqual(after)
    expect(await marks()).toEqual([])
  })

  test('that failed midway is reported, until a later one succeeds', async () => {
    await linked()
    const replace = replacing.replaceFile
    let count = 0
    const spy = jest.spyOn(replacing, 'replaceFile').mockImplementation((...files) => {
      if (++count === 2) throw Object.assign(new Error('input/output error'), { code: 'EIO', syscall: 'rename' })
      return replace(...files)
    })
    await expect(write()).rejects.toBeInstanceOf(UnwritableFileError)
    spy.mockRestore()
    await expect(read()).rejects.toThrow(UnfinishedSaveError)
    await write()
    expect((await read()).result).toEqual(after)
    expect(await marks()).toEqual([])
  })

  test('whose process was killed midway is reported at the next load', async () => {
    await linked()
    const mark = nameOfDeadProcess(target(), 'mark')
    await writeFile(mark, '')
    await expect(read()).rejects.toThrow(
      `${target()} holds files of two saves: the process that replaced them stopped before it had finished. ` +
        `Save to the folder again, or remove the file ${basename(mark)} to load it as it is.`,
    )
    await write()
    expect((await read()).result).toEqual(after)
    expect(await marks()).toEqual([])
  })

  test('that was cut off is over once the folder is replaced as a whole', async () => {
    await put(old, target())
    await writeFile(saveMarkIn(target()), '')
    await write()
    await expectSaved()
  })

  test('knows a process before this one by the time of its mark, where both had the same number', async () => {
    await put(old, target())
    const mark = saveMarkIn(target())
    await writeFile(mark, '')
    const before = Date.now() / 1000 - process.uptime() - 10
    await utimes(mark, before, before)
    await expect(read()).rejects.toThrow(UnfinishedSaveError)
  })

  test.each([
    ['another process has its number', 90],
    ['it was on another machine', 2 * 60 * 60],
  ])('that was cut off is reported by the age of its mark, where %s', async (where, age) => {
    await put(old, target())
    const own = saveMarkIn(target())
    const mark =
      where === 'it was on another machine'
        ? own.replace(/-[0-9a-f]{8}-/, '-00000000-')
        : own.replace(`-${process.pid}-`, `-${process.ppid}-`)
    await writeFile(mark, '')
    expect(await isBeingSaved([target()])).toBe(true)
    const touched = Date.now() / 1000 - age
    await utimes(mark, touched, touched)
    await expect(read()).rejects.toThrow(UnfinishedSaveError)
    await write()
    expect((await read()).result).toEqual(after)
    expect(await marks()).toEqual([])
  })

  test('touches its marks while it continues', async () => {
    await put(old, target())
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'Date', 'performance', 'queueMicrotask'] })
    try {
      await whileMarked([target()], async () => {
        const mark = join(target(), (await marks())[0] as string)
        await utimes(mark, 1, 1)
        jest.advanceTimersByTime(5_000)
        while ((await stat(mark)).mtimeMs < Date.now() - 60_000) await setImmediate()
      })
    } finally {
      jest.useRealTimers()
    }
    expect(await marks()).toEqual([])
  })
})

test('a folder in the place of a file is refused before anything is moved', async () => {
  await put(old, target())
  await mkdir(join(target(), 'vae', 'c.json'), { recursive: true })
  await symlink(join(folder(), 'outside.json'), join(target(), 'linked'))
  await rm(join(target(), 'index.json'))
  await writeFile(join(folder(), 'outside.json'), 'old')
  await symlink(join(folder(), 'outside.json'), join(target(), 'index.json'))
  await expect(write()).rejects.toMatchObject({ reason: 'is-folder', file: join(target(), 'vae', 'c.json') })
  expect((await filesOf(target()))['unet/config.json']).toBe('old')
})

describe('permissions', () => {
  test.each(['a folder of this kind', 'any other folder'])('stay those of %s and of its files', async kind => {
    const files = {
      'unet/config.json': 'old',
      'other.json': 'old',
      ...(kind === 'any other folder' ? {} : { 'index.json': 'old' }),
    }
    await put(files, target())
    await rm(join(target(), 'other.json'))
    await chmod(join(target(), 'unet', 'config.json'), 0o600)
    await chmod(join(target(), 'unet'), 0o750)
    await chmod(target(), 0o700)
    let during = 0
    await writeFolderAtomically(
      target(),
      async staging => {
        during = (await stat(staging)).mode & 0o777
        await put(fresh, staging)
      },
      options,
    )
    const modeOf = async (path: string) => (await stat(join(target(), path))).mode & 0o777
    expect(await readFile(join(target(), 'unet', 'config.json'), 'utf8')).toBe('new')
    expect([during, await modeOf('.'), await modeOf('unet'), await modeOf('unet/config.json')]).toEqual([
      0o700, 0o700, 0o750, 0o600,
    ])
  })

  test('of a new folder are those that the process gives', async () => {
    await write()
    await mkdir(join(folder(), 'plain'))
    expect((await stat(target())).mode).toBe((await stat(join(folder(), 'plain'))).mode)
  })
})
