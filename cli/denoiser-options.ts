/** The options that concern the denoiser of a model: `--unet` and `--quantization`. */
import { existsSync } from 'node:fs'
import type { ComponentSpec, LoadComponentsOptions } from '../src'
import { absoluteIfThere } from '../src/files/path-of'
import { isSingleFile } from '../src/hub/single-file-source'
import type { ModelOptions } from './model-options'
import type { AnyPipeline } from './open-pipeline'
import { requireComponent } from './require-component'
import { UnfitOptionError } from './unfit-option-error'

/**
 * Returns how the denoiser is loaded. It alone is quantized: it is most of a model, and computes in every step.
 *
 * @throws UnfitOptionError for a pipeline without a UNet, and for a UNet that is not one file
 */
export function denoiserOptions(pipe: AnyPipeline, options: ModelOptions): LoadComponentsOptions {
  const { unet, quantization } = options
  return {
    ...(unet !== undefined && placeOf(requireComponent(pipe, '--unet', 'unet'), unet, options)),
    ...(quantization !== undefined && {
      quantization: { [requireComponent(pipe, '--quantization', 'unet').name]: quantization },
    }),
  }
}

/** Names the file of a UNet. Its settings are those of the model that it replaces the UNet of. */
function placeOf(
  { name, pretrainedModelNameOrPath: own }: ComponentSpec,
  unet: string,
  { model, config }: ModelOptions,
): LoadComponentsOptions {
  if (!isSingleFile(unet)) {
    const problem = 'must be a .safetensors or .gguf file. A folder is a part of --model.'
    throw new UnfitOptionError('--unet', problem)
  }
  const replaced = own ?? model
  const settings = isSingleFile(replaced) ? config : replaced
  return {
    pretrainedModelNameOrPath: { [name]: absoluteIfThere(unet) },
    // A branch of the model's repository is not one of another; a file has none, and the settings are of the model's.
    ...(!existsSync(unet) && { revision: { [name]: '' } }),
    ...(settings !== undefined && { config: { [name]: absoluteIfThere(settings) } }),
  }
}
