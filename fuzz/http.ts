/** `node dist/fuzz/http.js [runs] [seed]`: sends requests that no client should send to a server of this process. */

import { StableDiffusionAutoBlocks } from '../index'
import { createServer, EmbeddedQueue, FolderStore } from '../server'
import { fuzzServer } from './http-requests'

async function main(): Promise<void> {
  const [runs = '20000', seed = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2)
  console.log(`seed ${seed}`)
  const queue = new EmbeddedQueue()
  const emoji = { blocks: new StableDiffusionAutoBlocks() }
  const limits = { maxQueued: Number(runs), maxJobsPerClient: Number(runs) }
  // Nothing runs the jobs: they wait until the end.
  const server = createServer({ pipelines: { emoji }, queue, results: new FolderStore('nowhere'), limits })
  const address = await server.listen({ port: 0 })
  const start = performance.now()
  const before = process.memoryUsage().rss
  const { statuses, failures } = await fuzzServer(address, { runs: Number(runs), seed: Number(seed) })
  const seconds = (performance.now() - start) / 1000
  const growth = (process.memoryUsage().rss - before) / 2 ** 20
  const { queued } = await queue.counts()
  console.log(
    [...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
  )
  console.log(
    `${runs} requests in ${seconds.toFixed(1)} s, ${queued} jobs wait, memory grew by ${growth.toFixed(0)} MB`,
  )
  for (const failure of failures.slice(0, 10)) console.log(`FAILED ${failure}`)
  if (failures.length > 0) process.exitCode = 1
  await server.close()
  await queue.close()
}

void main()
