/** Small runs leave nothing on the heap. */
import { join } from 'node:path'
import { runScript } from '../components/executors/run-script'

jest.setTimeout(300_000)

/** Bytes by which the heap may grow over the last runs: one kilobyte for each. What a run holds is larger. */
const MOST_GROWTH = 2 * 2 ** 20

test('from the 2,000th to the 4,000th run of the loop sample the heap does not grow, not even between full collections', async () => {
  const sample = join(__dirname, '..', '..', 'dist', 'samples', 'loop.js')
  const growth = await runScript<{ all: number; old: number }>(
    `const v8 = require('node:v8')
     const { LoopBlock, LoopWrapper } = require(${JSON.stringify(sample)})
     const pipe = LoopWrapper.fromBlocksDict({ block1: new LoopBlock(), block2: LoopBlock }).initPipeline()
     const run = async count => { for (let i = 0; i < count; i++) await pipe({ numSteps: 3, x: i }, { output: 'x' }) }
     const heap = async () => {
       // Finalisers run between two collections.
       for (let i = 0; i < 3; i++) { gc(); await new Promise(setImmediate) }
       return process.memoryUsage().heapUsed
     }
     // What survives two collections of young objects is counted as old until the next full one.
     const old = () => v8.getHeapSpaceStatistics().find(space => space.space_name === 'old_space').space_used_size
     await run(2000)
     const before = { all: await heap(), old: old() }
     await run(2000)
     const grown = old() - before.old
     return { all: await heap() - before.all, old: grown }`,
    {},
    ['--expose-gc'],
  )
  expect(growth.all).toBeLessThan(MOST_GROWTH)
  expect(growth.old).toBeLessThan(MOST_GROWTH)
})
