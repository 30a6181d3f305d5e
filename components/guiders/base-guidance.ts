/** The base class of guiders, with all of them known to it: `BaseGuidance.fromConfig` chooses the class that a config names. */
import { AdaptiveProjectedGuidance } from './adaptive-projected-guidance'
import { AdaptiveProjectedMixGuidance } from './adaptive-projected-mix-guidance'
import { AutoGuidance } from './auto-guidance'
import { ClassifierFreeGuidance } from './classifier-free-guidance'
import { ClassifierFreeZeroStarGuidance } from './classifier-free-zero-star-guidance'
import { FrequencyDecoupledGuidance } from './frequency-decoupled-guidance'
import { BaseGuidance, type GuiderClass } from './guider-base'
import { LTX2Guidance } from './ltx2-guidance'
import { MagnitudeAwareGuidance } from './magnitude-aware-guidance'
import { PerturbedAttentionGuidance } from './perturbed-attention-guidance'
import { SkipLayerGuidance } from './skip-layer-guidance'
import { SmoothedEnergyGuidance } from './smoothed-energy-guidance'
import { TangentialClassifierFreeGuidance } from './tangential-classifier-free-guidance'

/** Their classes. */
export const guiderClasses: readonly GuiderClass[] = [
  AdaptiveProjectedGuidance,
  AdaptiveProjectedMixGuidance,
  AutoGuidance,
  ClassifierFreeGuidance,
  ClassifierFreeZeroStarGuidance,
  FrequencyDecoupledGuidance,
  LTX2Guidance,
  MagnitudeAwareGuidance,
  PerturbedAttentionGuidance,
  SkipLayerGuidance,
  SmoothedEnergyGuidance,
  TangentialClassifierFreeGuidance,
]

BaseGuidance.register(...guiderClasses)

export * from './guider-base'
