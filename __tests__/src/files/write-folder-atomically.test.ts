import childProcess, { execFileSync } from 'node:child_process'
import promises, { chmod, mkdir, readdir, readFile, readlink, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as exchange from '../../../src/files/exchange-folders'
import * as keeping from '../../../src/files/keep-permissions'
import { UnwritableFileError } from '../../../src/files/unwritable-file-error'
import { writeFileAtomically } from '../../../src/files/write-file-atomically'
import { type WriteFolderOptions, writeFolderAtomically } from '../../../src/files/write-folder-atomically'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { asNobody, testWithUsers } from './as-nobody'
import { contentOf, runSave } from './killed-saves'

const folder = useTemporaryFolder()
const target = () => join(folder(), 'pipe')
const options: WriteFolderOptions = { markers: ['index.json'] }

/** Files with their content. */
type Files = Readonly<Record<string, string>>

async function put(files: Files, into: string): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(into, file)), { recursive: true })
    await writeFile(join(into, file), content)
  }
}

const write = (files: Files, changes: Partial<WriteFolderOptions> = {}) =>
  writeFolderAtomically(target(), staging => put(files, staging), { ...options, ...changes })

async function read(): Promise<Files> {
  const names = Object.keys(await contentOf(target()))
  return Object.fromEntries(
    await Promise.all(names.map(async name => [name, await readFile(join(target(), name), 'utf8')])),
  ) as Files
}

const old = { 'index.json': 'old', 'unet/config.json': 'old', 'unet/a.safetensors': 'old', 'README.md': 'mine' }
const fresh = { 'index.json': 'new', 'unet/config.json': 'new', 'unet/b.safetensors': 'new' }
const after = { ...fresh, 'unet/a.safetensors': 'old', 'README.md': 'mine' }

describe.each(['exchanging the folders', 'moving one after the other'])('writeFolderAtomically, %s', way => {
  beforeEach(() => {
    if (way !== 'exchanging the folders') jest.spyOn(exchange, 'exchangeFolders').mockResolvedValue(false)
  })

  test('makes a folder, with those above it', async () => {
    await writeFolderAtomically(join(folder(), 'a', 'b', 'c'), staging => put(fresh, staging), options)
    expect(Object.keys(await contentOf(folder()))).toEqual(
      Object.keys(fresh)
        .sort()
        .map(file => `a/b/c/${file}`),
    )
  })

  test('replaces a folder and keeps what was not written again', async () => {
    await put(old, target())
    await write(fresh)
    expect(await read()).toEqual(after)
    expect(await readdir(folder())).toEqual(['pipe'])
  })

  test('drops the files that the new ones replace', async () => {
    await put(old, target())
    await write(fresh, { replaces: file => file === 'unet/a.safetensors' })
    const { 'unet/a.safetensors': _, ...expected } = after
    expect(await read()).toEqual(expected)
  })

  test('keeps the permissions and the links of the folder', async () => {
    await put(old, target())
    await symlink('README.md', join(target(), 'LISEZMOI.md'))
    await chmod(target(), 0o750)
    await write(fresh)
    expect((await stat(target())).mode & 0o777).toBe(0o750)
    expect(await readlink(join(target(), 'LISEZMOI.md'))).toBe('README.md')
  })

  test('writes behind a link', async () => {
    await put(old, join(folder(), 'elsewhere'))
    await symlink('elsewhere', target())
    await write(fresh)
    expect(await readlink(target())).toBe('elsewhere')
    expect(await read()).toEqual(after)
  })

  test('moves into a folder that is something else, the index last', async () => {
    const { 'index.json': _, ...rest } = old
    await put(rest, target())
    const before = (await stat(target())).ino
    await write(fresh)
    expect(await read()).toEqual(after)
    // Its other files are many perhaps, and others may be at work there.
    expect((await stat(target())).ino).toBe(before)
  })

  test.each(['a folder in the place of a file', 'a file in the place of a folder'])(
    'refuses %s before anything is moved',
    async kind => {
      const { 'index.json': _, ...rest } = old
      const isFolder = kind === 'a folder in the place of a file'
      const inTheWay = isFolder ? { 'z.json/inside': 'mine' } : { zoo: 'mine' }
      await put({ ...rest, ...inTheWay }, target())
      const place = join(target(), isFolder ? 'z.json' : 'zoo')
      const saving = write({ ...fresh, ...(isFolder ? { 'z.json': 'new' } : { 'zoo/z.json': 'new' }) })
      await expect(saving).rejects.toMatchObject({
        code: 'UNWRITABLE_FILE',
        reason: isFolder ? 'is-folder' : 'is-file',
        file: place,
      })
      await expect(saving).rejects.toThrow(
        `${place} cannot be written: this is a ${isFolder ? 'folder' : 'file'} in the place`,
      )
      expect(await read()).toEqual({ ...rest, ...inTheWay })
      expect(await readdir(folder())).toEqual(['pipe'])
    },
  )

  test.each([true, false])(
    'keeps the old folder, with a warning, where files that came meanwhile cannot be moved (an index is there: %s)',
    async hasIndex => {
      const { 'index.json': _, ...rest } = old
      await put(hasIndex ? old : rest, target())
      const replaced = hasIndex ? target() : join(target(), 'unet')
      const { link } = promises
      let isIn = false
      // Somebody adds a file just before the exchange.
      jest.spyOn(keeping, 'takePermissions').mockImplementation(async () => {
        await put({ late: 'theirs' }, replaced)
        isIn = true
      })
      jest.spyOn(promises, 'link').mockImplementation(async (from, to) => {
        if (isIn) throw Object.assign(new Error('input/output error'), { code: 'EIO', syscall: 'link' })
        await link(from, to)
      })
      jest.spyOn(promises, 'copyFile').mockImplementation(async () => {
        throw Object.assign(new Error('input/output error'), { code: 'EIO', syscall: 'copyfile' })
      })
      const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
      await write(fresh)
      const [kept, ...others] = (await readdir(dirname(replaced))).filter(name => name.includes('.before-'))
      expect(others).toEqual([])
      const place = join(dirname(replaced), String(kept))
      expect(await readFile(join(place, 'late'), 'utf8')).toBe('theirs')
      expect(await readFile(join(target(), 'index.json'), 'utf8')).toBe('new')
      expect(await readFile(join(target(), 'unet', 'config.json'), 'utf8')).toBe('new')
      expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([
        `${replaced} was saved, but files that were added to it meanwhile cannot be moved into the new folder ` +
          `(input/output error). The old folder is kept as ${place}. Move what you need from there and remove it.`,
      ])
      expect((await readdir(folder())).filter(name => name.startsWith('.tesserae'))).toEqual([])
    },
  )

  test('changes nothing when it fails midway', async () => {
    await put(old, target())
    const failing = writeFolderAtomically(
      target(),
      async staging => {
        await put({ 'unet/config.json': 'new' }, staging)
        throw new RangeError('no more')
      },
      options,
    )
    await expect(failing).rejects.toThrow(RangeError)
    expect(await read()).toEqual(old)
    expect(await readdir(folder())).toEqual(['pipe'])
  })

  test('leaves nothing of a folder that did not come', async () => {
    const failing = writeFolderAtomically(
      join(folder(), 'a', 'b'),
      async staging => writeFileAtomically(join(staging, 'unet', 'config.json'), []),
      options,
    )
    await expect(failing).rejects.toThrow(UnwritableFileError)
    await expect(failing).rejects.toMatchObject({
      reason: 'missing-folder',
      file: join(folder(), 'a', 'b', 'unet', 'config.json'),
    })
    expect(await readdir(folder())).toEqual([])
  })

  test('says that a link leads nowhere', async () => {
    await symlink('nowhere', target())
    await expect(write(fresh)).rejects.toThrow(/pipe cannot be written: this is a link to a missing file/)
    expect(await readdir(folder())).toEqual(['pipe'])
  })

  test('leaves a process in the folder that it works in', async () => {
    const here = process.cwd()
    try {
      for (const place of ['.', 'unet']) {
        await put(old, target())
        process.chdir(join(target(), place))
        await writeFolderAtomically(target(), staging => put(fresh, staging), options)
        expect(await readdir('.')).toEqual(await readdir(join(target(), place)))
        await writeFolderAtomically(place === '.' ? '.' : '..', staging => put(fresh, staging), options)
        expect(await read()).toEqual(after)
      }
    } finally {
      process.chdir(here)
    }
  })

  test('works where the folder of the process was removed', async () => {
    const here = process.cwd()
    const removed = join(folder(), 'removed')
    await mkdir(removed)
    process.chdir(removed)
    await rmdir(removed)
    try {
      await write(fresh)
    } finally {
      process.chdir(here)
    }
    expect(await read()).toEqual(fresh)
  })

  test('joins a folder that another process has put there in the last moment', async () => {
    const readFolder = promises.readdir
    const spy = jest.spyOn(promises, 'readdir').mockImplementation((async (
      path: string,
      how: { withFileTypes: true },
    ) => {
      if (path !== target()) return readFolder(path, how)
      spy.mockRestore()
      await put(old, target())
      throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    }) as never) // Of all that the function can be called with, only this.
    await write(fresh)
    expect(await read()).toEqual(after)
    expect(await readdir(folder())).toEqual(['pipe'])
  })

  test('does not replace a file', async () => {
    await writeFile(target(), 'a file')
    await expect(write(fresh)).rejects.toMatchObject({ code: 'UNWRITABLE_FILE', reason: 'is-file', file: target() })
    expect(await readFile(target(), 'utf8')).toBe('a file')
  })

  test('says that the disk is full, and keeps the old', async () => {
    await put(old, target())
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    })
    const failing = writeFolderAtomically(target(), () => Promise.reject(full), options)
    await expect(failing).rejects.toMatchObject({ reason: 'no-space', file: target() })
    expect(await read()).toEqual(old)
  })
})

describe('files that cannot have a second name', () => {
  beforeEach(() => jest.spyOn(promises, 'link').mockRejectedValue(new Error('not on this file system')))

  test('are copied, links as links', async () => {
    await put(old, target())
    await symlink(join('unet', 'a.safetensors'), join(target(), 'linked'))
    await symlink('nowhere', join(target(), 'dangling'))
    await write(fresh)
    expect(await readFile(join(target(), 'README.md'), 'utf8')).toBe('mine')
    expect(await readlink(join(target(), 'linked'))).toBe(join('unet', 'a.safetensors'))
    expect(await readlink(join(target(), 'dangling'))).toBe('nowhere')
  })

  const testWithPipes = process.platform === 'win32' ? test.skip : test
  testWithPipes('are not waited for where they are pipes', async () => {
    await put(old, target())
    execFileSync('mkfifo', [join(target(), 'pipe')])
    const writing = write(fresh)
    await expect(writing).rejects.toThrow(UnwritableFileError)
    await expect(writing).rejects.toThrow(
      `${join(target(), 'pipe')} cannot be written: this is a pipe, a device or a socket`,
    )
    expect(await readFile(join(target(), 'index.json'), 'utf8')).toBe('old')
    expect(await readdir(folder())).toEqual(['pipe'])
  })
})

describe('a folder that may not be written', () => {
  const saving = asNobody(
    "const { writeFolderAtomically } = library('src/files/write-folder-atomically'); const { writeFile } = require('node:fs/promises')",
    `const fill = async staging => { await writeFile(staging + '/index.json', 'new') }
     await writeFolderAtomically(process.env.TARGET, fill, { markers: ['index.json'] })`,
  )
  const refused = /UnwritableFileError: .* no permission to write in the folder/

  testWithUsers('is named where a folder should be made in it', async () => {
    await chmod(folder(), 0o555)
    await expect(runSave(saving, { TARGET: target() })).rejects.toThrow(refused)
    await chmod(folder(), 0o755)
    expect(await readdir(folder())).toEqual([])
  })

  testWithUsers('is not replaced', async () => {
    await put(old, target())
    await chmod(target(), 0o555)
    await chmod(folder(), 0o777)
    await expect(runSave(saving, { TARGET: target() })).rejects.toThrow(refused)
    await chmod(target(), 0o755)
    expect(await read()).toEqual(old)
  })
})

describe('exchangeFolders', () => {
  test('swaps two folders, and tells where it cannot', async () => {
    await put({ a: '1' }, join(folder(), 'one'))
    await put({ b: '2' }, join(folder(), 'two'))
    const done = await exchange.exchangeFolders(join(folder(), 'one'), join(folder(), 'two'))
    expect(await readdir(join(folder(), 'one'))).toEqual([done ? 'b' : 'a'])
    expect(await exchange.exchangeFolders(join(folder(), 'one'), join(folder(), 'three'))).toBe(false)
    expect(await readdir(folder())).toEqual(['one', 'two'])
  })
})

test('a folder is replaced where no program may be started', async () => {
  const spawn = jest.spyOn(childProcess, 'spawn').mockImplementation(() => {
    throw Object.assign(new Error('Access to this API has been restricted'), { code: 'ERR_ACCESS_DENIED' })
  })
  await put(old, target())
  await write(fresh)
  if (process.platform === 'linux') expect(spawn).toHaveBeenCalled()
  expect(await read()).toEqual(after)
})
