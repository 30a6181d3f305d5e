/** Corrects components of old checkpoints. Counterpart: the constructor of StableDiffusionPipeline in diffusers. */
import { type Autoencoder, type SchedulerMixin, type UNet2DConditionModel } from '../../components'
import { classNameOf, emitWarningOnce, printableName, toSnakeCase } from '../../src'

/** What the settings of schedulers must be for Stable Diffusion. */
const SCHEDULER_SETTINGS: Readonly<Record<string, unknown>> = { stepsOffset: 1, clipSample: false }

/** What they must be for inpainting. */
const INPAINT_SETTINGS: Readonly<Record<string, unknown>> = { stepsOffset: 1, skipPrkSteps: true }

/** The first release of diffusers that stored the right sample size. */
const CORRECT_SAMPLE_SIZE_SINCE = [0, 9]
/** The size of Stable Diffusion's latents. */
const SAMPLE_SIZE = 64

/**
 * Sets `stepsOffset` to 1 and `clipSample` to false, where the scheduler has these settings. Configs of 2022 lack them, and the defaults of the classes
 * are those of other models.
 *
 * @param source where the scheduler comes from, for the warning
 */
export function correctScheduler(scheduler: SchedulerMixin, source: string): void {
  correctSettings(scheduler, SCHEDULER_SETTINGS, source)
}

/**
 * Sets `stepsOffset` to 1 and `skipPrkSteps` to true, where the scheduler has these settings. As in StableDiffusionInpaintPipeline, `clipSample` stays as it is.
 *
 * @param source where the scheduler comes from, for the warning
 */
export function correctInpaintScheduler(scheduler: SchedulerMixin, source: string): void {
  correctSettings(scheduler, INPAINT_SETTINGS, source)
}

function correctSettings(scheduler: SchedulerMixin, settings: Readonly<Record<string, unknown>>, source: string): void {
  const config = scheduler.config as Readonly<Record<string, unknown>>
  const wrong = Object.keys(settings).filter(key => key in config && config[key] !== settings[key])
  if (wrong.length === 0) return
  const before = { ...config }
  scheduler.registerToConfig(Object.fromEntries(wrong.map(key => [key, settings[key]])))
  for (const key of wrong) warnOfCorrection(source, classNameOf(scheduler), key, before[key], settings[key])
}

/**
 * Sets the sample size to 64 where a release before 0.9.0 of diffusers has stored a smaller one.
 *
 * @param source where the UNet comes from, for the warning
 */
export function correctUNet(unet: UNet2DConditionModel, source: string): void {
  const { sampleSize } = unet.config
  if (typeof sampleSize !== 'number' || sampleSize >= SAMPLE_SIZE || !isOld(unet.diffusersVersion)) return
  unet.registerToConfig({ sampleSize: SAMPLE_SIZE })
  warnOfCorrection(
    source,
    `UNet2DConditionModel of diffusers ${unet.diffusersVersion}`,
    'sampleSize',
    sampleSize,
    SAMPLE_SIZE,
  )
}

/** Warns of means and deviations of latents: as in the reference, Stable Diffusion's pipelines scale latents by `scaling_factor` alone. */
export function warnOfStatistics(vae: Autoencoder, source: string): void {
  for (const key of ['latentsMean', 'latentsStd'] as const) {
    const value = vae.config[key] ?? null
    if (value === null) continue
    emitWarningOnce(
      'SETTING_IGNORED',
      `${source}: the VAE has ${toSnakeCase(key)} ${printableName(JSON.stringify(value))}. Stable Diffusion's pipelines ignore it: they scale latents by scaling_factor alone.`,
    )
  }
}

function isOld(version: string | undefined): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? []
  if (major === undefined || minor === undefined) return false
  const [sinceMajor = 0, sinceMinor = 0] = CORRECT_SAMPLE_SIZE_SINCE
  return Number(major) < sinceMajor || (Number(major) === sinceMajor && Number(minor) < sinceMinor)
}

function warnOfCorrection(source: string, component: string, key: string, value: unknown, correct: unknown): void {
  const setting = toSnakeCase(key)
  emitWarningOnce(
    'CONFIG_CORRECTED',
    `${source}: ${printableName(component)} has ${setting} ${String(value)}; Stable Diffusion needs ${String(correct)}, which is used instead. ` +
      `Set "${setting}": ${String(correct)} in its config to avoid this warning.`,
  )
}
