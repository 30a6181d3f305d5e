import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UnwritableFileError } from '../../../src/files/unwritable-file-error'
import { writeFileAtomically } from '../../../src/files/write-file-atomically'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { asNobody, testWithUsers } from './as-nobody'
import { runSave } from './killed-saves'

const folder = useTemporaryFolder()
const content = [Buffer.from('new '), Buffer.from('content')]

describe('writeFileAtomically', () => {
  test('writes all chunks and leaves nothing else', async () => {
    await writeFileAtomically(join(folder(), 'file.txt'), content)
    expect(await readFile(join(folder(), 'file.txt'), 'utf8')).toBe('new content')
    expect(await readdir(folder())).toEqual(['file.txt'])
  })

  test('replaces a file', async () => {
    const path = join(folder(), 'file.txt')
    await writeFile(path, 'something longer than the new content')
    await writeFileAtomically(path, content)
    expect(await readFile(path, 'utf8')).toBe('new content')
  })

  test('keeps the old file when it fails midway', async () => {
    const path = join(folder(), 'file.txt')
    await writeFile(path, 'old')
    function* failing(): Iterable<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('no more')
    }
    await expect(writeFileAtomically(path, failing())).rejects.toThrow('no more')
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder())).toEqual(['file.txt'])
  })

  test('names a missing folder', async () => {
    const path = join(folder(), 'nowhere', 'file.txt')
    const writing = writeFileAtomically(path, content)
    await expect(writing).rejects.toThrow(UnwritableFileError)
    await expect(writing).rejects.toMatchObject({ code: 'UNWRITABLE_FILE', reason: 'missing-folder', file: path })
  })

  test('names a folder that is a file', async () => {
    await writeFile(join(folder(), 'file'), '')
    const writing = writeFileAtomically(join(folder(), 'file', 'file.txt'), content)
    await expect(writing).rejects.toMatchObject({ reason: 'missing-folder' })
  })

  test('does not replace a folder', async () => {
    await mkdir(join(folder(), 'images'))
    const writing = writeFileAtomically(join(folder(), 'images'), content)
    await expect(writing).rejects.toMatchObject({ code: 'UNWRITABLE_FILE', reason: 'is-folder' })
    expect(await readdir(folder())).toEqual(['images'])
  })

  testWithUsers('names a folder that may not be written', async () => {
    await chmod(folder(), 0o555)
    const saving = asNobody(
      "const { writeFileAtomically } = library('src/files/write-file-atomically')",
      "await writeFileAtomically(process.env.TARGET, [Buffer.from('new')])",
    )
    const refused = /UnwritableFileError: .* no permission to write in the folder/
    await expect(runSave(saving, { TARGET: join(folder(), 'file.txt') })).rejects.toThrow(refused)
    expect(await readdir(folder())).toEqual([])
  })
})

describe('a file that is overwritten', () => {
  const file = () => join(folder(), 'file')
  const write = (path = file()) => writeFileAtomically(path, [Buffer.from('new')])
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777

  test.each([0o600, 0o640, 0o755])('keeps its mode (%i), and is open to nobody else meanwhile', async mode => {
    await writeFile(file(), 'old')
    await chmod(file(), mode)
    let during = 0
    const chunks = async function* () {
      const [name] = (await readdir(folder())).filter(other => other !== 'file')
      during = await modeOf(join(folder(), String(name)))
      yield Buffer.from('new')
    }
    await writeFileAtomically(file(), chunks())
    expect([await readFile(file(), 'utf8'), await modeOf(file()), during]).toEqual(['new', mode, 0o600])
  })

  test('is written behind a link, also one to a file that is not there', async () => {
    await mkdir(join(folder(), 'real'))
    await writeFile(join(folder(), 'real', 'file'), 'old')
    for (const name of ['file', 'none']) {
      await symlink(join('real', name), join(folder(), name))
      await write(join(folder(), name))
      expect((await lstat(join(folder(), name))).isSymbolicLink()).toBe(true)
      expect(await readFile(join(folder(), 'real', name), 'utf8')).toBe('new')
    }
    expect(await readdir(join(folder(), 'real'))).toEqual(['file', 'none'])
  })

  test('may be a device, which stays one', async () => {
    await write('/dev/null')
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  test('may be a pipe with a reader; one without is refused at once', async () => {
    execFileSync('mkfifo', [file()])
    await expect(write()).rejects.toThrow(UnwritableFileError)
    const reading = readFile(file(), 'utf8')
    // Opened for reading by now, or soon.
    for (let attempt = 0; attempt < 100; attempt++) {
      if (
        await write().then(
          () => true,
          () => false,
        )
      )
        break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    expect(await reading).toBe('new')
  })

  testWithUsers(
    'may be the only one in its folder that may be written; what may not be written is not replaced',
    async () => {
      await chmod(folder(), 0o755)
      await writeFile(file(), 'old')
      await writeFile(join(folder(), 'locked'), 'old')
      await chmod(file(), 0o666)
      await chmod(join(folder(), 'locked'), 0o444)
      const saving = asNobody(
        "const { writeFileAtomically } = library('src/files/write-file-atomically')",
        "await writeFileAtomically(process.env.TARGET, [Buffer.from('new')])",
      )
      await runSave(saving, { TARGET: file() })
      await expect(runSave(saving, { TARGET: join(folder(), 'locked') })).rejects.toThrow(
        /no permission to write to this file/,
      )
      expect(await readFile(file(), 'utf8')).toBe('new')
      expect(await readFile(join(folder(), 'locked'), 'utf8')).toBe('old')
    },
  )
})

describe('UnwritableFileError', () => {
  test.each([
    ['EACCES', 'no-permission'],
    ['EROFS', 'no-permission'],
    ['ENOSPC', 'no-space'],
    ['EISDIR', 'is-folder'],
    ['EIO', 'failed'],
  ])('tells from %s that the reason is %s', (code, reason) => {
    const cause = Object.assign(new Error('i/o error'), { code })
    expect(UnwritableFileError.fromSystemError('a/b.png', cause)).toMatchObject({ reason, file: 'a/b.png', cause })
  })
})
