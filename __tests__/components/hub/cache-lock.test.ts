import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withCacheLock } from '../../../components/hub/cache-lock'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const lock = () => join(folder(), 'locks', 'a.lock')

/** A lock of another machine, which was touched so many milliseconds ago. */
async function lockFromElsewhere(ago: number): Promise<void> {
  await mkdir(join(folder(), 'locks'), { recursive: true })
  await writeFile(lock(), '1 elsewhere x')
  await touched(ago)
}

async function touched(ago: number): Promise<void> {
  const time = new Date(Date.now() - ago)
  await utimes(lock(), time, time)
}

const DAY = 24 * 60 * 60_000

afterEach(() => jest.restoreAllMocks())

test('a lock that has not been touched for a minute belongs to nobody', async () => {
  await lockFromElsewhere(61_000)
  expect(await withCacheLock(lock(), undefined, async () => 'done')).toBe('done')
  expect(await readdir(join(folder(), 'locks'))).toEqual([])
})

test('a lock from tomorrow belongs to nobody if it is not touched while it is waited for', async () => {
  await lockFromElsewhere(-DAY)
  let work = withCacheLock(lock(), undefined, async () => 'done')
  expect(await Promise.race([work, sleep(300)])).toBeUndefined()
  const start = performance.now()
  jest.spyOn(performance, 'now').mockReturnValue(start + 61_000)
  expect(await work).toBe('done')

  await lockFromElsewhere(-DAY)
  work = withCacheLock(lock(), AbortSignal.timeout(1000), async () => 'done')
  work.catch(() => undefined)
  for (let minutes = 2; minutes < 5; minutes++) {
    await touched(-DAY - minutes)
    await sleep(250)
    jest.spyOn(performance, 'now').mockReturnValue(start + minutes * 50_000)
  }
  await expect(work).rejects.toMatchObject({ name: 'TimeoutError' })
})
