/** The readers of what a Hub answers. */
import { join } from 'node:path'
import { hubDownload, snapshotDownload } from '../../index'
import { hubAnswers, serve } from '../hub'
import { type Reader, reader } from '../reader'

const REPOSITORY = 'org/x'
const QUICK = { token: false, attempts: 1, retryDelay: 0, timeout: 1500 } as const
let folders = 0

/** A folder that nothing is cached in. */
function freshFolder(folder: string): string {
  return join(folder, String(folders++))
}

/** Read answers of a Hub. */
export const hubReaders: readonly Reader<unknown>[] = [
  {
    ...reader('hub-snapshot', hubAnswers, async (answers, folder) => {
      const endpoint = await serve(answers)
      await snapshotDownload(REPOSITORY, { ...QUICK, endpoint, cacheDir: freshFolder(folder) })
    }),
    subject: REPOSITORY,
  },
  {
    ...reader('hub-file', hubAnswers, async (answers, folder) => {
      const endpoint = await serve(answers)
      await hubDownload(REPOSITORY, 'config.json', { ...QUICK, endpoint, cacheDir: freshFolder(folder) })
    }),
    subject: REPOSITORY,
  },
]
