/** Tests of recorded runs of the reference's pipelines, on both executors. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { selectBackend } from '../../index'
import { checkPipelineRun, pipelineRuns } from '../../testing/goldens/areas/pipelines'
import { GoldenCase, type Json } from '../../testing/goldens/golden-case'
import { useLeakCheck } from '../components/tensors/use-leak-check'

const goldens = join(__dirname, '..', 'goldens', 'pipelines')

/**
 * Declares a test for each run of these cases of `__tests__/goldens/pipelines`, and for each executor.
 *
 * @param cases names of folders; `folder/part` are the runs of `case-part.json` in the folder
 */
export function describePipelineGoldens(cases: readonly string[]): void {
  const executor = process.env.TESSERAE_EXECUTOR
  let emitWarning: jest.SpyInstance

  beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
  useLeakCheck()
  // Some of the schedulers have settings that are corrected.
  beforeEach(() => {
    emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
  })
  afterEach(() => {
    emitWarning.mockRestore()
    if (executor === undefined) delete process.env.TESSERAE_EXECUTOR
    else process.env.TESSERAE_EXECUTOR = executor
  })

  describe.each(cases)('%s', name => {
    const [folderName = '', part] = name.split('/')
    const folder = join(goldens, folderName)
    const file = part === undefined ? 'case.json' : `case-${part}.json`
    const json = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Json

    test.each(pipelineRuns(json).flatMap(run => ['eager', 'graph'].map(by => [run, by] as const)))(
      "%s gives PyTorch's latents and pictures, computed by the executor %s",
      async (run, by) => {
        process.env.TESSERAE_EXECUTOR = by
        const golden = await GoldenCase.open('pipelines', name, folder, json)
        await checkPipelineRun(golden, run).finally(() => golden.close())
      },
    )
  })
}
