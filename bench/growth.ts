/**
 * How much memory a process holds after 10 to 10,000 small runs: `node dist/bench/growth.js [filled]`. `filled` lets V8 use all of its space for young
 * objects before the first run, as a program does that has worked for a while. The flags of V8 show which part is whose.
 */
import { LoopBlock, LoopWrapper } from '../samples/loop'

/** Runs after which memory is measured. Growth is counted from the first. */
const MEASURED = [10, 100, 1000, 10_000]

/** Makes objects that nobody needs: enough to fill the largest space for young objects several times. */
function fillYoungSpace(): void {
  const last: object[] = []
  for (let i = 0; i < 3_000_000; i++) last[i % 1000] = [i]
}

async function main(): Promise<void> {
  if (process.argv[2] === 'filled') fillYoungSpace()
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
