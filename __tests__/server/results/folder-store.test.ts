/** Results in a folder. */
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FolderStore, ResultStoreError } from 'tesserae/server'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { describeStore } from './store-contract'

const folder = useTemporaryFolder()
const results = () => join(folder(), 'results')

describeStore('a folder', async () => new FolderStore(results()))

test('jobs that were last written to long ago are removed', async () => {
  const store = new FolderStore(results())
  for (const job of ['old', 'new']) await store.put(job, 'a.png', new Uint8Array(1))
  utimesSync(join(results(), 'old'), 1, 1)
  expect(await store.removeOlderThan(Date.now() - 60_000)).toContain('old')
  expect(readdirSync(results())).toContain('new')
  expect(readdirSync(results())).not.toContain('old')
})

test('a file in the place of the folder is an error that names it', async () => {
  writeFileSync(join(folder(), 'file'), '')
  const store = new FolderStore(join(folder(), 'file'))
  await expect(store.check()).rejects.toThrow(ResultStoreError)
  await expect(store.put('emoji~1', 'a.png', new Uint8Array(1))).rejects.toThrow('file')
})
