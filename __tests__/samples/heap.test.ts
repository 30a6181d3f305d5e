/** Small runs leave nothing behind. */
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

test('from the 10th to the 10,000th run of the loop sample the process grows by less than 2 %', async () => {
  const sample = join(__dirname, '..', '..', 'dist', 'samples', 'loop.js')
  // Young objects have a fixed room, and no function is optimised: what remains is what runs keep.
  const flags = ['--max-semi-space-size=1', '--no-opt', '--no-maglev']
  const [first, last] = await runScript<[number, number]>(
    `const { LoopBlock, LoopWrapper } = require(${JSON.stringify(sample)})
     const pipe = LoopWrapper.fromBlocksDict({ block1: new LoopBlock(), block2: LoopBlock }).initPipeline()
     const run = async count => { for (let i = 0; i < count; i++) await pipe({ numSteps: 3, x: i }, { output: 'x' }) }
     await run(10)
     const first = process.memoryUsage.rss()
     await run(9990)
     return [first, process.memoryUsage.rss()]`,
    {},
    flags,
  )
  expect(last / first).toBeLessThan(1.02)
})
