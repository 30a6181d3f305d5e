/** The scheduler that the published model of a family comes with. */
import type { RawConfig } from '../configs/parse-config'
import type { SingleFileFamily } from './file-kind'
import type { TrainingFacts } from './training-facts'

/** What the noise levels of all these models were in training. */
const TRAINING = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  steps_offset: 1,
}

/** What decides on the scheduler. */
export interface SchedulerTraits extends TrainingFacts {
  readonly family: SingleFileFamily
  readonly isInpainting: boolean
  /** Whether guidance is an input of the UNet, which then needs few steps. */
  readonly isConsistency: boolean
}

/** Returns the settings of the scheduler, with its class, as a `scheduler_config.json` has them. */
export function schedulerConfig(traits: SchedulerTraits): RawConfig {
  const { predictionType, isZeroTerminalSNR, isConsistency } = traits
  const common = { ...TRAINING, prediction_type: predictionType }
  if (isConsistency) {
    return { ...common, _class_name: 'LCMScheduler', original_inference_steps: 50, steps_offset: 0, clip_sample: false }
  }
  const named = { ...common, _class_name: className(traits) }
  if (isZeroTerminalSNR) return { ...withClass(named), rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }
  return withClass(named)
}

function className({ family, isInpainting, predictionType, isZeroTerminalSNR }: SchedulerTraits): string {
  if (family === 'stable-diffusion-xl' || family === 'stable-diffusion-xl-refiner') return 'EulerDiscreteScheduler'
  if (isZeroTerminalSNR || (family === 'stable-diffusion-2' && predictionType === 'v_prediction'))
    return 'DDIMScheduler'
  return family === 'stable-diffusion-1' && isInpainting ? 'DDIMScheduler' : 'PNDMScheduler'
}

/** Adds what only schedulers of one class have. */
function withClass(config: RawConfig): RawConfig {
  switch (config['_class_name']) {
    case 'DDIMScheduler':
      return { ...config, clip_sample: false, set_alpha_to_one: false }
    case 'PNDMScheduler':
      return { ...config, skip_prk_steps: true, set_alpha_to_one: false }
    default:
      return { ...config, timestep_spacing: 'leading' }
  }
}
