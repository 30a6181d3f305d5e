/** `tesserae quantize`: a model whose denoiser is stored in 8 or 4 bits. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GraphExecutor } from '../components/executors/graph/graph-executor'
import type { Quantization } from '../components/quantization/quantization-names'
import { denoiserOptions } from './denoiser-options'
import { abortOnInterrupt } from './interrupt'
import { openModel, repositoryOptions } from './load-model'
import type { ModelOptions } from './model-options'
import { newFolder } from './new-folder'
import { print } from './print'
import { ProgressDisplay } from './progress-display'
import { requireComponent } from './require-component'

/** Options of the command, as commander gives them. */
export interface QuantizeOptions extends Pick<ModelOptions, 'revision' | 'offline' | 'unet'> {
  to: Quantization
  out: string
  json?: boolean
}

/**
 * Writes the components of a model into a folder, the weights of the denoiser in 8 or 4 bits, and says where.
 *
 * @throws UnwritableFileError for a folder in which there is something, or that may not be written; UnfitOptionError for a model without a denoiser; what loading and saving
 * throw
 */
export async function quantize(model: string, { to, out, json, ...source }: QuantizeOptions): Promise<void> {
  const folder = await newFolder(out)
  const progress = new ProgressDisplay(json ? undefined : process.stderr)
  const { signal, release } = abortOnInterrupt(() => progress.end())
  const options = { model, ...source }
  const access = { signal, progress, manager: undefined }
  try {
    const pipe = await openModel(options, access)
    try {
      const quantization = { [requireComponent(pipe, '--to', 'unet').name]: to }
      // The executor leaves the weights in their files, from where they are quantized and copied one by one.
      const executor = new GraphExecutor()
      await pipe.loadComponents({
        ...repositoryOptions(options, access),
        executor,
        ...denoiserOptions(pipe, options),
        quantization,
      })
      await pipe.savePretrained(folder, { quantization, signal })
    } finally {
      pipe.dispose()
    }
    const bytes = await folderBytes(folder)
    print(json ? JSON.stringify({ folder, quantization: to, bytes }, null, 2) : folder)
  } finally {
    progress.end()
    release()
  }
}

/** Bytes of all files in a folder. */
async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(names.map(async name => stat(join(folder, name))))
  return sizes.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
}
