/** Models that were saved here, loaded by Python, and saved by Python, loaded here. */
import { join } from 'node:path'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { AutoencoderTiny } from '../../../components/models/autoencoder-tiny/autoencoder-tiny'
import { CLIPTextModel } from '../../../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../../components/models/clip-text/clip-text-model-with-projection'
import { CLIPVisionModelWithProjection } from '../../../components/models/clip-vision/clip-vision-model-with-projection'
import { StableDiffusionSafetyChecker } from '../../../components/models/safety-checker/stable-diffusion-safety-checker'
import { UNet2DConditionModel } from '../../../components/models/unet-2d-condition/unet-2d-condition-model'
import type { SavePretrainedOptions } from '../../../src/params/component-class'
import { expectWarnings } from '../../expected-warnings'
import { describeWithPython, runPython } from '../../python'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'
import { goldenFolder } from './golden-model-case'
import { useBackend } from './use-backend'

// Nothing computes in half precision.
expectWarnings('COMPUTES_IN_FLOAT32')

/**
 * Loads what was saved and its source, compares all weights (the types too) and saves what was saved once more, halved in precision and in
 * shards. Gives what differs.
 */
const program = `
import sys, json, warnings, diffusers, transformers
source, saved, target, name, variant = sys.argv[1:6]
from diffusers.pipelines.stable_diffusion import safety_checker
library = next(module for module in (diffusers, transformers, safety_checker) if hasattr(module, name))
cls = getattr(library, name)
options = {"variant": variant} if variant else {}
wrong = []
model, info = cls.from_pretrained(saved, output_loading_info=True, **options)
wrong += [f"{key}: {value}" for key, value in info.items() if value]
expected = cls.from_pretrained(source).state_dict()
state = model.state_dict()
wrong += sorted(set(state) ^ set(expected))
wrong += [key for key in state if key in expected and not (state[key].dtype == expected[key].dtype and state[key].equal(expected[key]))]
model.half().save_pretrained(target, max_shard_size="60KB", variant="fp16")
print(json.dumps(wrong))`

/** Casts a model as PyTorch does, and gives the names of those weights that a file has otherwise, in type or numbers. */
const castProgram = `
import sys, json, torch, diffusers, transformers
from safetensors.torch import load_file
source, file, name, dtype = sys.argv[1:5]
cls = getattr(diffusers if hasattr(diffusers, name) else transformers, name)
expected = cls.from_pretrained(source).to(getattr(torch, dtype)).state_dict()
saved = {key.removeprefix("text_model."): value for key, value in load_file(file).items()}
expected = {key.removeprefix("text_model."): value for key, value in expected.items() if value.is_floating_point()}
wrong = sorted(set(saved) ^ set(expected))
wrong += [key for key in expected if not (saved[key].dtype == expected[key].dtype and saved[key].equal(expected[key]))]
print(json.dumps(wrong))`

describeWithPython('a saved model in Python', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()

  test.each([
    [UNet2DConditionModel, 'unet_sdxl', {}],
    [AutoencoderKL, 'vae_sd', { maxShardSize: '50KB', variant: 'test' }],
    [CLIPTextModel, 'clip_text', {}],
    [CLIPTextModelWithProjection, 'clip_text_projection', { maxShardSize: '50KB' }],
    [AutoencoderTiny, 'vae_tiny', {}],
    [CLIPVisionModelWithProjection, 'clip_vision_projection', {}],
    [StableDiffusionSafetyChecker, 'safety_checker', {}],
  ] as const)(
    'is that of %p, %s, and loads here when Python has saved it',
    async (modelClass, name, options) => {
      const [saved, python] = [join(folder(), 'saved'), join(folder(), 'python')]
      const model = await modelClass.fromPretrained(goldenFolder(name), { executor: 'graph' })
      await model.savePretrained(saved, options)
      const { variant = '' }: SavePretrainedOptions = options
      const differences = await runPython(program, [goldenFolder(name), saved, python, modelClass.name, variant])
      expect(differences).toEqual([])
      const again = await modelClass.fromPretrained(python, { executor: 'graph', variant: 'fp16' })
      expect(new Set(again.parameters().map(parameter => parameter.origin?.dtype))).toEqual(new Set(['F16']))
      again.dispose()
      model.dispose()
    },
    120_000,
  )

  test.each([
    [UNet2DConditionModel, 'unet_sdxl', 'diffusion_pytorch_model', 'float16'],
    [AutoencoderKL, 'vae_sd', 'diffusion_pytorch_model', 'bfloat16'],
    [CLIPTextModel, 'clip_text', 'model', 'float16'],
  ] as const)(
    'that was cast, %p of %s (%s) to %s, has the numbers that PyTorch casts to',
    async (modelClass, name, weightsName, dtype) => {
      const saved = join(folder(), 'saved')
      const model = await modelClass.fromPretrained(goldenFolder(name), { executor: 'eager', dtype })
      await model.savePretrained(saved)
      const file = join(saved, `${weightsName}.safetensors`)
      expect(await runPython(castProgram, [goldenFolder(name), file, modelClass.name, dtype])).toEqual([])
      const types = new Set(model.parameters().map(parameter => parameter.dtype))
      expect(types).toEqual(new Set([dtype === 'float16' ? 'F16' : 'BF16']))
      model.dispose()
    },
    120_000,
  )
})
