import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
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
