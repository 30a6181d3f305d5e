/** `npm run fuzz -- --runs 100000 --seed 1 --only state,image`. */
import { parseArgs } from 'node:util'
import '../index'
import { selectBackend } from '../components/backends/select-backend'
import { type FuzzResult, fuzz } from './fuzz'

async function main(): Promise<void> {
  const options = { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } } as const
  const { runs = '100000', seed, only } = parseArgs({ options }).values
  const start = seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seed)
  console.log(`seed ${start}`)
  await selectBackend({ backend: 'cpu' })
  process.removeAllListeners('warning')
  process.on('warning', () => undefined)
  const results = await fuzz({
    runs: Number(runs),
    seed: start,
    onResult: printResult,
    ...(only !== undefined && { only: only.split(',') }),
  })
  const failed = results.filter(({ failure }) => failure !== undefined)
  console.log(
    failed.length === 0 ? 'Every input ended in success or a typed error.' : `${failed.length} readers failed.`,
  )
  if (failed.length > 0) process.exitCode = 1
}

function printResult({ reader, runs, outcomes, slowest, largest, failure }: FuzzResult): void {
  const counts = [...outcomes].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${count} ${outcome}`)
  console.log(
    `${reader}: ${runs} inputs, slowest ${Math.round(slowest)} ms, largest ${Math.round(largest / 2 ** 20)} MB: ${counts.join(', ')}`,
  )
  if (failure !== undefined) console.log(`  FAILED ${failure}`)
}

void main()
