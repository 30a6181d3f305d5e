/** Means and deviations of latents, which Stable Diffusion's pipelines do not apply. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StableDiffusionTextToImageBlocks } from '../../../index'
import { emojiFolder } from '../use-emoji-model'

test('a VAE with latents_mean and latents_std is loaded with a warning for each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-statistics-'))
  cpSync(emojiFolder, folder, { recursive: true, filter: path => !path.includes('reference') })
  const file = join(folder, 'vae', 'config.json')
  const config = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...config, latents_mean: [1, 2, 3, 4], latents_std: [1, 1, 1, 2] }))
  const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(folder)
  await pipe.loadComponents({ names: ['vae'] })
  const told = emit.mock.calls.map(([message]) => String(message))
  emit.mockRestore()
  pipe.dispose()
  rmSync(folder, { recursive: true, force: true })
  expect(told).toEqual([
    expect.stringContaining("the VAE has latents_mean [1,2,3,4]. Stable Diffusion's pipelines ignore it"),
    expect.stringContaining("the VAE has latents_std [1,1,1,2]. Stable Diffusion's pipelines ignore it"),
  ])
})
