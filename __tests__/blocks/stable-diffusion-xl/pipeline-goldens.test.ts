/** Recorded runs of the reference's pipelines for Stable Diffusion XL: base model, refiner and hand-over, in all three tasks, on both executors. */
import { describePipelineGoldens } from '../describe-pipeline-goldens'

describePipelineGoldens([
  'stable_diffusion_xl',
  'stable_diffusion_xl_adapters',
  'stable_diffusion_xl_adapters/inpaint-handover',
  'stable_diffusion_xl_adapters/ip-adapter',
  'stable_diffusion_xl_adapters/lora',
])
