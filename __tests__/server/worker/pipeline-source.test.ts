/** Models that a server or a worker opens, with the settings of their sources. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PretrainedModel, registerBlockClasses } from '../../../index'
import { InvalidPipelineSourceError, openPipelineSource } from '../../../server'
import { loadSource } from '../../../server/worker/pipeline-source'
import { emojiFolder } from '../../blocks/use-emoji-model'
import { Paint } from '../http/paint'

test('the denoiser of a source is quantized, and nothing else', async () => {
  const source = { model: emojiFolder, quantization: 'int8' } as const
  const pipe = await openPipelineSource(source)
  try {
    await loadSource(pipe, source, { executor: 'graph' })
    const { unet, vae } = pipe.components as Record<string, PretrainedModel>
    expect(unet?.quantization).toEqual({ method: 'int8' })
    expect(vae?.quantization).toBeUndefined()
  } finally {
    pipe.dispose()
  }
})

test('a pipeline without a denoiser is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-source-'))
  try {
    registerBlockClasses(Paint)
    await new Paint().initPipeline().savePretrained(folder)
    ;(await openPipelineSource({ model: folder })).dispose()
    await expect(openPipelineSource({ model: folder, quantization: 'int8' })).rejects.toThrow(
      InvalidPipelineSourceError,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
