/** Models that run as graphs compute what the reference does. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { GraphExecutor } from '../../../components/executors/graph/graph-executor'
import { checkModelsCase } from '../../../testing/goldens/areas/models'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'
import { expectWarnings } from '../../expected-warnings'
import { goldenFolder } from '../models/golden-model-case'
import { useBackend } from '../models/use-backend'
import { useEnvironment } from './environment'

expectWarnings('UNSAFE_PICTURE')

useBackend('cpu')
useEnvironment('TESSERAE_EXECUTOR')

test.each(readdirSync(dirname(goldenFolder('unet_sd15'))))('the model of the case %s', async name => {
  process.env.TESSERAE_EXECUTOR = 'graph'
  const run = jest.spyOn(GraphExecutor.prototype, 'run')
  const folder = goldenFolder(name)
  const json = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Json & { calls: unknown[] }
  const golden = await GoldenCase.open('models', name, folder, json)
  // The check itself makes tensors that it leaves to the end of the process.
  tf.engine().startScope(name)
  try {
    await checkModelsCase(golden)
  } finally {
    tf.engine().endScope()
    await golden.close()
  }
  // Tiles and slices are calls of their own.
  expect(run.mock.calls.length).toBeGreaterThanOrEqual(json.calls.length)
})
