/** `npm run goldens -- DIR`: holds our results against those of the PyTorch reference. */
import { Command, Option } from 'commander'
import { selectBackend } from '../../components/backends/select-backend'
import type { ExecutionProvider } from '../../components/executors/graph/graph-executor'
import { EXECUTION_PROVIDERS, EXECUTOR_NAMES, type ExecutorName } from '../../components/executors/select-executor'
import { type CaseResult, GoldensRequestError, runGoldens } from './run-goldens'

interface Options {
  area?: string
  case?: string
  verbose?: boolean
  backend: 'auto' | 'node-gpu' | 'node' | 'webgpu' | 'wasm' | 'cpu'
  executor: ExecutorName
  provider?: ExecutionProvider
}

function printRows(results: readonly CaseResult[]): void {
  const areas = [...new Set(results.map(result => result.area))]
  const width = Math.max(4, ...areas.map(area => area.length))
  console.log(`${'area'.padEnd(width)}  passed  failed  of them unsupported`)
  for (const area of areas) {
    const of = results.filter(result => result.area === area)
    const count = (status: CaseResult['status']) => of.filter(result => result.status === status).length
    const failed = of.length - count('passed')
    const columns = [
      String(count('passed')).padStart(6),
      String(failed).padStart(6),
      String(count('unsupported')).padStart(19),
    ]
    console.log(`${area.padEnd(width)}  ${columns.join('  ')}`)
  }
}

async function main(folder: string, options: Options): Promise<void> {
  await selectBackend({ backend: options.backend })
  // Models that are loaded from here on look there.
  process.env.TESSERAE_EXECUTOR = options.executor
  if (options.provider) process.env.TESSERAE_PROVIDER = options.provider
  const results: CaseResult[] = []
  const areas = options.area?.split(',').map(area => area.trim())
  for await (const result of runGoldens(folder, { areas, casePattern: options.case })) {
    results.push(result)
    if (result.status !== 'failed' && !options.verbose) continue
    const problem = result.problem ?? ''
    const text = options.verbose ? problem : (problem.split('\n')[0] ?? '').slice(0, 200)
    console.log(`${result.status.padEnd(11)}  ${result.area}/${result.name}${text ? `\n             ${text}` : ''}`)
  }
  if (results.length === 0) throw new GoldensRequestError('no case was selected: look at --area and --case')
  printRows(results)
  const passed = results.filter(result => result.status === 'passed').length
  console.log(`${passed} passed, ${results.length - passed} failed`)
  if (passed < results.length) process.exitCode = 1
}

new Command('goldens')
  .description('Compares our results with those of the PyTorch reference.')
  .argument('<dir>', 'folder of goldens, with an index.json')
  .option('--area <names>', 'areas to run, joined by commas')
  .option('--case <pattern>', 'cases to run: a part of the name, or a pattern with *')
  .option('--backend <name>', 'tfjs backend to compute on', 'wasm')
  .addOption(new Option('--executor <name>', 'what computes the models').choices(EXECUTOR_NAMES).default('eager'))
  .addOption(new Option('--provider <name>', 'what ONNX Runtime computes on').choices(EXECUTION_PROVIDERS))
  .option('--verbose', 'name every case, and say in full what differs')
  .action(async (folder: string, options: Options) => {
    try {
      await main(folder, options)
    } catch (error) {
      console.error(`goldens: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    }
  })
  .parseAsync()
