import { fuzzServer } from '../../../fuzz/http-requests'
import { serve } from './served'

test('requests that no client should send are answered with a 4xx, and the server lives on', async () => {
  const served = await serve({ isWorked: false, limits: { maxQueued: 10_000, maxJobsPerClient: 10_000 } })
  const { statuses, failures } = await fuzzServer(served.address, { runs: 400, seed: 15 })
  expect(failures).toEqual([])
  // Some of them are right, and most are not.
  expect(statuses.get(202)).toBeGreaterThan(0)
  expect(statuses.get(422)).toBeGreaterThan(50)
  expect((await served.queue.counts()).queued).toBeLessThanOrEqual(statuses.get(202) ?? 0)
  expect((await served.get('/healthz')).statusCode).toBe(200)
  await served.close()
})
