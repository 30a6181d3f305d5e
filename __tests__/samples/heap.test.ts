/** Small runs leave nothing on the heap. */
import { join } from 'node:path'
import { runScript } from '../components/executors/run-script'

jest.setTimeout(300_000)

/** Bytes by which the heap may grow over the last runs: one kilobyte for each. What a run holds is larger. */
const MOST_GROWTH = 2 * 2 ** 20

test('from the 2,000th to the 4,000th run of the loop sample the heap does not grow', async () => {
  const sample = join(__dirname, '..', '..', 'dist', 'samples', 'loop.js')
  const growth = await runScript<number>(
    `const { LoopBlock, LoopWrapper } = require(${JSON.stringify(sample)})
     const pipe = LoopWrapper.fromBlocksDict({ block1: new LoopBlock(), block2: LoopBlock }).initPipeline()
     const run = async count => { for (let i = 0; i < count; i++) await pipe({ numSteps: 3, x: i }, { output: 'x' }) }
     const heap = async () => {
       // Finalisers run between two collections.
       for (let i = 0; i < 3; i++) { gc(); await new Promise(setImmediate) }
       return process.memoryUsage().heapUsed
     }
     await run(2000)
     const before = await heap()
     await run(2000)
     return await heap() - before`,
    {},
    ['--expose-gc'],
  )
  expect(growth).toBeLessThan(MOST_GROWTH)
})
