import { existsSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FolderStore, removeExpiredResults } from 'tesserae/server'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()

test('removes results at once and again when they expire, until it is closed', async () => {
  const results = new FolderStore(folder())
  await results.put('emoji~1', 'a.png', new Uint8Array(1))
  await results.put('emoji~2', 'a.png', new Uint8Array(1))
  utimesSync(join(folder(), 'emoji~1'), 1, 1)
  const expiry = removeExpiredResults({ results, keep: 300 })
  while (existsSync(join(folder(), 'emoji~1'))) await sleep(5)
  while (existsSync(join(folder(), 'emoji~2'))) await sleep(20)
  await expiry.close()
  await results.put('emoji~3', 'a.png', new Uint8Array(1))
  utimesSync(join(folder(), 'emoji~3'), 1, 1)
  await sleep(400)
  expect(existsSync(join(folder(), 'emoji~3'))).toBe(true)
})

test('reports a store that does not answer, and tries again', async () => {
  const results = new FolderStore(folder())
  let looks = 0
  const removeOlderThan = jest.spyOn(results, 'removeOlderThan').mockImplementation(async () => {
    looks++
    throw new Error('away')
  })
  const problems: string[] = []
  const expiry = removeExpiredResults({ results, keep: 10, onProblem: ({ message }) => problems.push(message) })
  while (looks < 3) await sleep(5)
  await expiry.close()
  expect(problems).toEqual(removeOlderThan.mock.calls.map(() => 'away'))
})
