/** Guiders by the short names that people know them by, e.g. on a command line. */
import { classNameOf } from '../../src/format/class-name'
import { findName } from '../configs/find-name'
import type { RawConfig } from '../configs/parse-config'
import { AdaptiveProjectedGuidance } from './adaptive-projected-guidance'
import { AdaptiveProjectedMixGuidance } from './adaptive-projected-mix-guidance'
import { AutoGuidance } from './auto-guidance'
import { ClassifierFreeGuidance } from './classifier-free-guidance'
import { ClassifierFreeZeroStarGuidance } from './classifier-free-zero-star-guidance'
import { FrequencyDecoupledGuidance } from './frequency-decoupled-guidance'
import type { BaseGuidance, GuiderClass } from './guider-base'
import { MagnitudeAwareGuidance } from './magnitude-aware-guidance'
import { PerturbedAttentionGuidance } from './perturbed-attention-guidance'
import { SkipLayerGuidance } from './skip-layer-guidance'
import { SmoothedEnergyGuidance } from './smoothed-energy-guidance'
import { TangentialClassifierFreeGuidance } from './tangential-classifier-free-guidance'
import { UnknownGuiderError } from './unknown-guider-error'

/** A guider's class, and the settings that a name stands for. */
export interface NamedGuider {
  /** Class of the guider. */
  readonly guiderClass: GuiderClass
  /** Settings that the name stands for. */
  readonly settings: RawConfig
}

/** A guider with its short name. */
interface Entry {
  readonly name: string
  readonly guiderClass: GuiderClass
  /** What the class cannot be made without: the blocks to perturb. */
  readonly needs?: RawConfig
  /** What the short name stands for besides. */
  readonly settings?: RawConfig
}

/** The block in the middle of a UNet, which the papers perturb. */
const MIDDLE = [0]

const entries: readonly Entry[] = [
  { name: 'cfg', guiderClass: ClassifierFreeGuidance },
  { name: 'cfg_zero_star', guiderClass: ClassifierFreeZeroStarGuidance },
  {
    name: 'apg',
    guiderClass: AdaptiveProjectedGuidance,
    settings: { adaptiveProjectedGuidanceMomentum: -0.5, eta: 0 },
  },
  { name: 'apg_mix', guiderClass: AdaptiveProjectedMixGuidance },
  { name: 'auto', guiderClass: AutoGuidance, needs: { autoGuidanceLayers: MIDDLE, dropout: 0.1 } },
  { name: 'fdg', guiderClass: FrequencyDecoupledGuidance },
  { name: 'mambo_g', guiderClass: MagnitudeAwareGuidance },
  {
    name: 'pag',
    guiderClass: PerturbedAttentionGuidance,
    needs: { perturbedGuidanceLayers: MIDDLE },
    settings: { perturbedGuidanceStart: 0, perturbedGuidanceStop: 1 },
  },
  { name: 'seg', guiderClass: SmoothedEnergyGuidance, needs: { segGuidanceLayers: MIDDLE } },
  { name: 'slg', guiderClass: SkipLayerGuidance, needs: { skipLayerGuidanceLayers: MIDDLE } },
  { name: 'tcfg', guiderClass: TangentialClassifierFreeGuidance },
]

/** Short names, and class names, which change no setting that the class has a default for. */
export const guiderNames: Readonly<Record<string, NamedGuider>> = Object.fromEntries([
  ...entries.map(({ name, guiderClass, needs, settings }) => [
    name,
    { guiderClass, settings: { ...needs, ...settings } },
  ]),
  ...entries.map(({ guiderClass, needs }) => [classNameOf(guiderClass), { guiderClass, settings: { ...needs } }]),
])

/**
 * Returns a new guider, by its name. Capitals do not count, and a space or hyphen stands for an underscore.
 *
 * @param settings in place of those that the name stands for
 * @throws UnknownGuiderError, ConfigError
 */
export function makeGuider(name: string, settings: RawConfig = {}): BaseGuidance {
  const names = Object.keys(guiderNames)
  const found = findName(names, name)
  if (found === undefined) throw new UnknownGuiderError(String(name), names)
  const { guiderClass, settings: own } = guiderNames[found] as NamedGuider // Found among its keys.
  return new guiderClass({ ...own, ...settings })
}
