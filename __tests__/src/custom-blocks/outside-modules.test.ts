/** Modules that custom code asks for. */
import { rmdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { findPackageFile, requireOutside } from '../../../src/custom-blocks/outside-modules'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const here = process.cwd()
afterEach(() => process.chdir(here))

test('are found where the folder of the process was removed', async () => {
  const removed = join(folder(), 'removed')
  await mkdir(removed)
  process.chdir(removed)
  rmdirSync(removed)
  expect(() => process.cwd()).toThrow()
  expect(requireOutside('node:path')).toHaveProperty('join')
  expect(findPackageFile('zod')).toContain('node_modules')
  expect(findPackageFile('no-such-package')).toBeUndefined()
})
