/** A UNet with a LoRA gives what the reference does, from the file of diffusers and from that of kohya, in both executors. */
import { readFileSync } from 'node:fs'
import { checkModelsCase } from '../../../../testing/goldens/areas/models'
import { GoldenCase, type Json } from '../../../../testing/goldens/golden-case'
import { goldenFolder } from '../../models/golden-model-case'
import { useBackend } from '../../models/use-backend'
import { useLeakCheck } from '../../tensors/use-leak-check'

useBackend('wasm')
useLeakCheck()

const executor = process.env.TESSERAE_EXECUTOR
afterAll(() => {
  if (executor === undefined) delete process.env.TESSERAE_EXECUTOR
  else process.env.TESSERAE_EXECUTOR = executor
})

test.each(['eager', 'graph'])('the case unet_lora with the executor %s', async by => {
  process.env.TESSERAE_EXECUTOR = by
  const folder = goldenFolder('unet_lora')
  const json = JSON.parse(readFileSync(`${folder}/case.json`, 'utf8')) as Json
  const golden = await GoldenCase.open('models', 'unet_lora', folder, json)
  await checkModelsCase(golden).finally(() => golden.close())
})
