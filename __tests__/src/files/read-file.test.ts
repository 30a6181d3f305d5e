import { execFileSync } from 'node:child_process'
import { symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { inspect } from '../../../cli/inspect'
import { hubToken } from '../../../components/hub/hub-settings'
import { InvalidImageError } from '../../../components/images/invalid-image-error'
import { Image, InvalidHubSettingError, SafetensorsError, SafetensorsFile } from '../../../index'
import { openRegularFile, readFileBytes, readFileBytesSync, UnfitFileError } from '../../../src/files/read-file'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const onUnix = process.platform === 'win32' ? describe.skip : describe
const testOnLinux = process.platform === 'linux' ? test : test.skip

test('a file is read as a whole, up to a limit', async () => {
  const file = join(folder(), 'a')
  const content = Buffer.alloc(10_000, 'abc')
  await writeFile(file, content)
  expect(await readFileBytes(file, 10_000)).toEqual(content)
  expect(readFileBytesSync(file, 10_000)).toEqual(content)
  await expect(readFileBytes(file, 9_999)).rejects.toThrow(UnfitFileError)
  expect(() => readFileBytesSync(file, 9_999)).toThrow('it has 10000 bytes or more, but at most 9999 are read')
  await truncate(file)
  expect(await readFileBytes(file, 1)).toHaveLength(0)
})

testOnLinux('a file that states no size is read to its end, up to a limit', async () => {
  expect((await readFileBytes('/proc/self/maps', 2 ** 20)).length).toBeGreaterThan(5000)
  await expect(readFileBytes('/proc/self/maps', 5000)).rejects.toThrow(UnfitFileError)
})

test('a folder is named by the system', async () => {
  await expect(readFileBytes(folder(), 100_000)).rejects.toThrow(/EISDIR|EPERM|EACCES/)
})

onUnix('what is not a regular file', () => {
  const makers: Record<string, (path: string) => Promise<() => void>> = {
    'a device': async path => {
      await symlink('/dev/zero', path)
      return () => undefined
    },
    'a pipe': async path => {
      execFileSync('mkfifo', [path])
      return () => undefined
    },
    'a socket': path =>
      new Promise(resolve => {
        const server = createServer().listen(path, () => resolve(() => server.close()))
      }),
  }
  test.each(Object.entries(makers))('%s is refused by every reader', async (_, make) => {
    const file = join(folder(), 'x.png')
    const weights = join(folder(), 'x.safetensors')
    const [end] = [await make(file)]
    await symlink(file, weights)
    try {
      await expect(openRegularFile(file)).rejects.toThrow('this is a device, a pipe or a socket')
      await expect(Image.load(file)).rejects.toThrow(InvalidImageError)
      await expect(inspect(file, {})).rejects.toThrow(/a device, a pipe or a socket/)
      await expect(SafetensorsFile.open(weights)).rejects.toThrow(SafetensorsError)
      process.env['HF_TOKEN_PATH'] = file
      await expect(hubToken()).rejects.toThrow(InvalidHubSettingError)
    } finally {
      delete process.env['HF_TOKEN_PATH']
      end()
    }
  })
})
