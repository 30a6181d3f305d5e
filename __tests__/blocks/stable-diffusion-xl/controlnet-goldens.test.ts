/** Recorded runs of the reference's pipelines with ControlNets, on both executors. */
import { describePipelineGoldens } from '../describe-pipeline-goldens'

describePipelineGoldens([
  'stable_diffusion_xl_adapters/controlnet',
  'stable_diffusion_xl_adapters/combined',
  'stable_diffusion_xl_adapters/union-pictures',
])
