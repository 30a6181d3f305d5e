/**
 * DPM-Solver++ as a stochastic differential equation, one step at a time with a look at its middle, as in k-diffusion's sample_dpmpp_sde: the noise
 * of all steps is one Brownian motion. Source: https://arxiv.org/abs/2211.01095; counterpart: schedulers/scheduling_dpmsolver_sde.py
 */

import { z } from 'zod'
import type { RunScope } from '../../../src/container/run-scoped'
import { classNameOf } from '../../../src/format/class-name'
import { BrownianNoise, type BrownianNoiseOptions } from '../../random/brownian-noise'
import { Generator } from '../../random/generator'
import type * as tf from '../../tensors/tf'
import { MissingGeneratorError } from '../missing-generator-error'
import { sigmaSettingNames, sigmaSpacingSettings } from '../noise-levels/sigma-settings'
import type { Schedule } from '../run-progress'
import { checkBetas, checkExclusive, latentBetaSettings, spacingSettings } from '../scheduler-config'
import type { StepOptions } from '../step-options'
import { linearCombination } from '../steps/linear-combination'
import { noiseReadingTypes } from '../steps/prediction-type'
import { stepNoise } from '../steps/step-noise'
import { ancestralStep } from './ancestral-step'
import { type FirstHalf, type HalfStep, SecondOrderSigmaScheduler } from './second-order-sigma-scheduler'

const seed = z.int().min(0)

const schema = z
  .object({
    ...latentBetaSettings,
    ...spacingSettings('linspace'),
    ...sigmaSpacingSettings,
    predictionType: z.enum(noiseReadingTypes).default('epsilon'),
    /** Seed of the noise, or a list with one for each sample of the batch. By default the first noisy step draws it from its generator. */
    noiseSamplerSeed: z
      .union([seed, z.array(seed).min(1)])
      .nullable()
      .default(null),
  })
  .superRefine((config, context) => {
    checkBetas(config, context)
    checkExclusive(config, sigmaSettingNames, context)
  })

/** Settings of {@link DPMSolverSDEScheduler}. */
export type DPMSolverSDEConfig = z.output<typeof schema>

/** Below so many values the noise of a step takes a few milliseconds. */
const WORTH_PREFETCH = 2 ** 14

/** Seeds are drawn below this, as the reference does. */
const SEED_LIMIT = 2n ** 63n - 1n

/**
 * Each step but the last asks the network twice, the second time in its middle: {@link timesteps} holds those in between too. `step` needs
 * a generator where `noiseSamplerSeed` is not set, and with a list of them each sample has a motion of its own. Of the options it also
 * takes `sNoise`, the scale of the noise.
 */
export class DPMSolverSDEScheduler extends SecondOrderSigmaScheduler<DPMSolverSDEConfig> {
  static override readonly className: string = 'DPMSolverSDEScheduler'

  /** The noise of the run, from its first noisy step on. */
  private motion: BrownianNoise | undefined

  /** @throws ConfigError */
  constructor(config: z.input<typeof schema> = {}, file?: string) {
    super(schema, config, file)
  }

  override forRun(scope?: RunScope): this {
    const copy = super.forRun(scope)
    copy.motion = undefined
    return copy
  }

  override dispose(): void {
    super.dispose()
    this.motion = undefined
  }

  override async prefetchNoise(
    timestep: number,
    sample: tf.Tensor,
    options: StepOptions = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const sigmas = options.varianceNoise === undefined ? this.nextSigmas(timestep) : undefined
    if (sigmas === undefined || sample.size < WORTH_PREFETCH) return
    this.motion ??= this.makeMotion(sample.shape, options)
    await this.motion.prefetch(...sigmas, signal)
  }

  /** The sigmas between which the next call of `step` adds noise; none where it adds none, or throws. */
  private nextSigmas(timestep: number): readonly [from: number, to: number] | undefined {
    if (this.numInferenceSteps === undefined || !this.timesteps.includes(timestep)) return undefined
    const index = this.stepIndex ?? this.beginIndex ?? this.progress.indexOf(timestep)
    if (index >= this.timesteps.length) return undefined
    const start = this.isHalfway ? index - 1 : index
    const end = this.sigmaAt(start + 1)
    if (this.sigmaAt(start) === end || end === 0) return undefined
    return [throughLogarithm(this.sigmaAt(start)), this.isHalfway ? throughLogarithm(end) : this.middleAt(start)]
  }

  protected override saveMemory(): Record<string, unknown> {
    const { motion } = this
    this.motion = undefined
    try {
      // Seed and shape decide the whole of it.
      return { ...super.saveMemory(), ...(motion && { motion: motion.options }) }
    } finally {
      this.motion = motion
    }
  }

  protected override restoreMemory({ motion, ...memory }: Readonly<Record<string, unknown>>): void {
    super.restoreMemory(memory)
    if (motion !== undefined) this.motion = new BrownianNoise(motion as BrownianNoiseOptions) // What saveMemory() has made.
  }

  protected override roundTimestep(timestep: number): number {
    return timestep
  }

  protected override arrange(timesteps: readonly number[], sigmas: readonly number[]): Schedule {
    const [first = 0, ...others] = sigmas.slice(0, -1)
    const middles = others.map((to, i) => Math.sqrt((sigmas[i] as number) * to))
    const between = this.timestepsOf(middles)
    return super.arrange(
      timesteps.flatMap((timestep, i) => (i === 0 ? [timestep] : [between[i - 1] as number, timestep])),
      [first, ...others.flatMap(sigma => [sigma, sigma]), ...sigmas.slice(-1)],
    )
  }

  protected override inputSigma(index: number): number {
    return this.isHalfway ? this.middleAt(index - 1) : this.sigmaAt(index)
  }

  protected override firstHalf(half: HalfStep): FirstHalf {
    const { start, sample, clean } = half
    const [from, to] = [this.sigmaAt(start), this.sigmaAt(start + 1)]
    if (from === to) throw this.refuse('beginIndex', `must be even, as runs begin with a whole step, but is ${start}`)
    // To the clean sample, but computed and rounded as in the reference, which counts where sigma is very large.
    if (to === 0) return { prevSample: sample.sub(sample.sub(clean).div(from).mul(from)) }
    return { prevSample: this.stepTo(this.middleAt(start), sample, half), carried: sample.clone() }
  }

  protected override secondHalf(half: HalfStep, carried: tf.Tensor): tf.Tensor {
    return this.stepTo(throughLogarithm(this.sigmaAt(half.start + 1)), carried, half)
  }

  /** From the beginning of the step to a sigma: down along the straight line to the clean sample, then up again by noise. */
  private stepTo(to: number, sample: tf.Tensor, { start, clean, options }: HalfStep): tf.Tensor {
    const from = throughLogarithm(this.sigmaAt(start))
    const { down, up } = ancestralStep(from, to)
    const noise = this.noiseBetween(from, to, sample, options)
    const left = down / from
    return linearCombination([left, sample], [1 - left, clean], [up * (options.sNoise ?? 1), noise])
  }

  private noiseBetween(from: number, to: number, sample: tf.Tensor, options: StepOptions): tf.Tensor {
    // Noise of the caller's own, and what is wrong about it.
    if (options.varianceNoise !== undefined) return stepNoise(classNameOf(this), sample, options)
    this.motion ??= this.makeMotion(sample.shape, options)
    return this.motion.between(from, to)
  }

  private makeMotion(shape: readonly number[], { generator }: StepOptions): BrownianNoise {
    const sigmas = (this.sigmas ?? []).filter(sigma => sigma > 0)
    const limits = { sigmaMin: Math.min(...sigmas), sigmaMax: Math.max(...sigmas) }
    const { noiseSamplerSeed } = this.config
    if (noiseSamplerSeed !== null) return new BrownianNoise({ ...limits, shape, seed: noiseSamplerSeed })
    if (generator === undefined) throw new MissingGeneratorError(classNameOf(this))
    const drawn = generator instanceof Generator ? drawSeed(generator) : generator.map(drawSeed)
    return new BrownianNoise({ ...limits, shape, seed: drawn })
  }

  /** The sigma in the middle of the step that begins at a place, in the logarithm, as float32 has it. */
  private middleAt(start: number): number {
    const [from, to] = [minusLog(this.sigmaAt(start)), minusLog(this.sigmaAt(start + 1))]
    return expMinus(Math.fround(from + Math.fround(Math.fround(to - from) * 0.5)))
  }
}

function drawSeed(generator: Generator): bigint {
  return generator.randint(0n, SEED_LIMIT, [])[0] as bigint
}

/**
 * A sigma as it comes out of the reference's way to time and back, in float32. The last bit counts: it decides where on the
 * Brownian motion the step begins or ends, and that moves by a thousandth within a millionth.
 */
function throughLogarithm(sigma: number): number {
  return expMinus(minusLog(sigma))
}

function minusLog(sigma: number): number {
  return Math.fround(-Math.log(sigma))
}

function expMinus(time: number): number {
  return Math.fround(Math.exp(-time))
}
