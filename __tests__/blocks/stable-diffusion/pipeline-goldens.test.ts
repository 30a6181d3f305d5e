/** Recorded runs of the reference's pipelines: text to image, image to image and inpainting, on both executors. */
import { describePipelineGoldens } from '../describe-pipeline-goldens'

describePipelineGoldens([
  'stable_diffusion',
  'stable_diffusion_adapters',
  'stable_diffusion_adapters/ip-adapter',
  'stable_diffusion_adapters/lora',
  'stable_diffusion_adapters/textual-inversion',
])
