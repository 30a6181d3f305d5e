/** What the guiders share that compare with a model they have made worse. */
import { z } from 'zod'
import { toSnakeCase } from '../../src/format/wire-names'
import type { ModuleHook } from '../models/hooks/module-hook'
import type { Module } from '../nn/module'
import * as tf from '../tensors/tf'
import { checkWindow, type GuidanceWindow, isBehindStart, isOffScale } from './guidance-window'
import { BaseGuidance, type GuiderOutput, type Predictions } from './guider-base'
import type { GuiderPass, PredictionName } from './guider-batch'
import { rescaleNoiseCfg } from './rescale-noise-cfg'
import type { TwoConditionConfig } from './two-condition-guidance'

/** How the worse model takes part. */
export interface Perturbation extends GuidanceWindow {
  /** How far to move away from its prediction; 0 changes nothing. */
  readonly scale: number
  /** What its prediction is called. */
  readonly prediction: PredictionName
}

/** Fraction of the steps at which the worse model begins, or ends, to take part. */
export const windowStart = z.number().min(0).lt(1)
export const windowStop = z.number().min(0).max(1)

/** The config of a layer stack, or several. */
export function oneOrMore<S extends z.ZodType>(schema: S) {
  return z.union([z.array(schema).min(1), schema.transform(one => [one])])
}

/** Reports windows that end before they start, and blocks that are not told, or twice. */
export function checkPerturbation<K extends string>(
  config: GuidanceWindow & Readonly<Record<K, unknown>>,
  [start, stop]: readonly [K, K],
  [layers, layerConfig]: readonly [K, K],
  problems: z.core.$RefinementCtx,
): void {
  checkWindow(config, problems)
  const [from, to] = [config[start] as number, config[stop] as number] // Numbers, by the schemas above.
  if (to < from) {
    const message = `must be at least ${toSnakeCase(start)}, which is ${from}, but is ${to}`
    problems.addIssue({ code: 'custom', path: [stop], message })
  }
  checkOneOf(config, [layers, layerConfig], problems)
}

/** Reports settings of which exactly one must be given. */
export function checkOneOf<K extends string>(
  config: Readonly<Record<K, unknown>>,
  [first, second]: readonly [K, K],
  problems: z.core.$RefinementCtx,
): void {
  if ((config[first] === null) !== (config[second] === null)) return
  const both = config[first] !== null
  const other = toSnakeCase(second)
  const message = both ? `cannot be given together with ${other}` : `is missing: pass it, or ${other}`
  problems.addIssue({ code: 'custom', path: [first], message })
}

/**
 * Up to three predictions: with the prompt, without it, and with the prompt by a model that was made worse. Without guidance by the prompt
 * the third is still made with the prompt; the reference makes it with the negative one then, and forgets to change the model.
 */
export abstract class PerturbedGuidance<Config extends TwoConditionConfig> extends BaseGuidance<Config> {
  /** How the worse model takes part. */
  protected abstract get perturbation(): Perturbation

  /** What makes the model worse. */
  protected abstract perturb(denoiser: Module): readonly ModuleHook[]

  protected override get passes(): readonly GuiderPass[] {
    const { guidanceScale, useOriginalFormulation } = this.config
    const { scale, prediction } = this.perturbation
    const isGuided = this.takesPart && !isOffScale(guidanceScale, useOriginalFormulation)
    const isPerturbed =
      scale !== 0 && this.isEnabled && isBehindStart(this.perturbation, this.step, this.numInferenceSteps)
    return [
      ['predCond', 'cond'],
      ...(isGuided ? [['predUncond', 'uncond'] as const] : []),
      ...(isPerturbed ? [[prediction, 'cond'] as const] : []),
    ]
  }

  protected override hooksFor(pass: PredictionName, denoiser: Module): readonly ModuleHook[] {
    return pass === this.perturbation.prediction ? this.perturb(denoiser) : []
  }

  protected override forward(predictions: Predictions): GuiderOutput {
    const { guidanceScale, guidanceRescale, useOriginalFormulation } = this.config
    const { scale, prediction } = this.perturbation
    const { predUncond, [prediction]: predWorse } = predictions
    const cond = predictions.predCond as tf.Tensor // Always among the passes.
    const pred = tf.tidy(() => {
      let guided = (useOriginalFormulation ? undefined : (predUncond ?? predWorse)) ?? cond
      if (predUncond) guided = guided.add(cond.sub(predUncond).mul(guidanceScale))
      if (predWorse) guided = guided.add(cond.sub(predWorse).mul(scale))
      return guidanceRescale > 0 ? rescaleNoiseCfg(guided, cond, guidanceRescale) : guided.clone()
    })
    return { pred, predCond: cond, predUncond }
  }
}
