import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InputTypeError } from '../../../src/errors/input-type-error'
import { absoluteIfThere, pathOf } from '../../../src/files/path-of'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()

test('pathOf converts URLs of files and leaves texts', () => {
  const path = join(folder(), 'a b#ü')
  expect(pathOf(pathToFileURL(path))).toBe(path)
  expect(pathOf('org/name')).toBe('org/name')
  expect(() => pathOf(new URL('https://example.org/model'), 'folder')).toThrow(InputTypeError)
})

test('absoluteIfThere makes the paths of what is there absolute', async () => {
  await mkdir(join(folder(), 'x'))
  await writeFile(join(folder(), 'y'), '')
  expect(absoluteIfThere('src')).toBe(resolve('src'))
  expect(absoluteIfThere('org/name')).toBe('org/name')
  expect(absoluteIfThere(join(folder(), 'y'))).toBe(join(folder(), 'y'))
})
