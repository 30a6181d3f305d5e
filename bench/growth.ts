/** How much memory a process holds after 10 to 10,000 small runs: `node dist/bench/growth.js`. The flags of V8 that it runs with say which part is whose. */
import { LoopBlock, LoopWrapper } from '../samples/loop'

/** Runs after which memory is measured. Growth is counted from the first. */
const MEASURED = [10, 100, 1000, 10_000]

async function main(): Promise<void> {
  const pipe = LoopWrapper.fromBlocksDict({ block1: new LoopBlock(), block2: LoopBlock }).initPipeline()
  let done = 0
  let first: number | undefined
  for (const count of MEASURED) {
    for (; done < count; done++) await pipe({ numSteps: 3, x: done }, { output: 'x' })
    const rss = process.memoryUsage.rss()
    first ??= rss
    const growth = `${((rss / first - 1) * 100).toFixed(1)} %`
    console.log(`${count} runs: ${(rss / 1e6).toFixed(1)} MB, ${growth} more than after ${MEASURED[0]}`)
  }
}

void main()
