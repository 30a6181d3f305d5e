/** Models out of files in their original key layout give what the reference does, with and without kohya's LoRAs, on both executors. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkSingleFile, singleFiles } from '../../../testing/goldens/areas/single-file'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'
import { useBackend } from '../models/use-backend'

const goldens = join(__dirname, '..', '..', 'goldens', 'single_file')
const cases = ['sd1', 'sd1_inpaint', 'sd2', 'sdxl_base', 'sdxl_refiner', 'vae', 'controlnet_sd1', 'lora_names']

function readCase(name: string): Json {
  return JSON.parse(readFileSync(join(goldens, name, 'case.json'), 'utf8')) as Json
}

const files = cases.flatMap(name => singleFiles(readCase(name)).map(file => ({ name, file })))

// The runtime of graphs adds up in another order; a folder with the same weights gives the same numbers as the file.
describe.each([
  ['eager', { atol: 2e-4, rtol: 2e-4 }],
  ['graph', { atol: 5e-4, rtol: 2e-4 }],
] as const)('on the executor %s', (executor, tolerance) => {
  useBackend('wasm')

  test.each(files)('the models of $name/$file', async ({ name, file }) => {
    const golden = await GoldenCase.open('single_file', name, join(goldens, name), readCase(name))
    try {
      await checkSingleFile(golden, file, { executor, tolerance })
    } finally {
      await golden.close()
    }
  })
})
