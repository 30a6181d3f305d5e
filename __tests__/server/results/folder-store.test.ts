/** Results in a folder. */
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FolderStore, ResultStoreError } from 'tesserae/server'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { describeStore, read } from './store-contract'

const folder = useTemporaryFolder()
const results = () => join(folder(), 'results')

describeStore('a folder', async () => new FolderStore(results()))

test('a file that is replaced is never seen in part', async () => {
  const store = new FolderStore(results())
  const contents = ['a', 'b', 'c'].map(letter => letter.repeat(1_000_000))
  const put = (content: string) => store.put('emoji~4', 'x.png', Buffer.from(content))
  await put(contents[0] as string)
  const writing = (async () => {
    for (const content of contents) await put(content)
  })()
  for (let i = 0; i < 10; i++) expect(contents.indexOf((await read(store, 'emoji~4', 'x.png')) ?? '')).not.toBe(-1)
  await writing
})

test('jobs that were last written to long ago are removed', async () => {
  const store = new FolderStore(results())
  for (const job of ['emoji~old', 'emoji~new']) await store.put(job, 'a.png', new Uint8Array(1))
  mkdirSync(join(results(), 'holidays'))
  for (const name of ['emoji~old', 'holidays']) utimesSync(join(results(), name), 1, 1)
  expect(await store.removeOlderThan(Date.now() - 60_000)).toEqual(['emoji~old'])
  expect(readdirSync(results())).toEqual(expect.arrayContaining(['emoji~new', 'holidays']))
  expect(readdirSync(results())).not.toContain('emoji~old')
})

test('a file in the place of the folder is an error that names it', async () => {
  writeFileSync(join(folder(), 'file'), '')
  const store = new FolderStore(join(folder(), 'file'))
  await expect(store.check()).rejects.toThrow(ResultStoreError)
  await expect(store.put('emoji~1', 'a.png', new Uint8Array(1))).rejects.toThrow('file')
})
