/** Recorded runs of the reference's pipelines with ControlNets, on both executors. */
import { describePipelineGoldens } from '../describe-pipeline-goldens'

describePipelineGoldens(['stable_diffusion_adapters/controlnet', 'stable_diffusion_adapters/combined'])
