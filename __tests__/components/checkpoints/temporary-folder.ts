/** A folder for the files of one test, with a space in its name. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a new folder before each test and removes it afterwards; the function returned says where it is. */
export function useTemporaryFolder(): () => string {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tesserae test '))
  })
  afterEach(() => rm(folder, { recursive: true }))
  return () => folder
}
