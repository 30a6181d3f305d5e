import { AutoGuidance } from '../../../components/guiders/auto-guidance'
import { BaseGuidance } from '../../../components/guiders/base-guidance'
import { PerturbedAttentionGuidance } from '../../../components/guiders/perturbed-attention-guidance'
import { SkipLayerGuidance } from '../../../components/guiders/skip-layer-guidance'
import { SmoothedEnergyGuidance } from '../../../components/guiders/smoothed-energy-guidance'
import { bareSmallUNet, MIDDLE, TOP } from '../models/hooks/small-unet'
import { useBackend } from '../models/use-backend'

useBackend('cpu')

const unet = bareSmallUNet()

/** Names of the passes of a step, each with the hooks that it asks for. */
function passes(guider: BaseGuidance, step: number, steps = 10): string[] {
  guider.setState(step, steps, 500)
  return guider.prepareInputs({}).map(({ prediction }) => {
    const hooks = guider.prepareModels(unet).map(({ name, module }) => `${name} ${module}`)
    return [prediction, guider.isConditional ? 'cond' : 'uncond', ...hooks].join(' ')
  })
}

const both = ['predCond cond', 'predUncond uncond']

describe('the third pass is there behind the first step of its window, with a changed model', () => {
  test('SkipLayerGuidance', () => {
    const window = { skipLayerGuidanceStart: 0.1, skipLayerGuidanceStop: 0.4 }
    const guider = new SkipLayerGuidance({ skipLayerGuidanceLayers: 0, ...window })
    const skipped = [...both, `predCondSkip cond skip(1) ${MIDDLE}.0`]
    expect([0, 1, 2, 3, 4].map(step => passes(guider, step))).toEqual([both, both, skipped, skipped, both])
  })

  test('PerturbedAttentionGuidance, which heeds nothing of a config but its place', () => {
    const guider = new PerturbedAttentionGuidance({
      perturbedGuidanceConfig: [{ indices: [0], fqn: TOP, skipFf: true }],
      perturbedGuidanceStop: 1,
    })
    expect(passes(guider, 0)).toEqual(both)
    expect(passes(guider, 9)).toEqual([...both, `predCondSkip cond skipScores ${TOP}.0.attn1`])
  })

  test('SmoothedEnergyGuidance', () => {
    const guider = new SmoothedEnergyGuidance({ segGuidanceLayers: [0], segBlurSigma: 2 })
    expect(passes(guider, 0)).toEqual(both)
    expect(passes(guider, 1)).toEqual([...both, `predCondSeg cond blur(2) ${MIDDLE}.0.attn1.to_q`])
    expect(passes(guider.new({ segBlurSigma: 10000 }), 1)[2]).toContain('blur(mean)')
  })
})

test('without guidance by the prompt there are two passes, both with the prompt', () => {
  const guider = new SkipLayerGuidance({ guidanceScale: 1, skipLayerGuidanceLayers: [0], skipLayerGuidanceStop: 1 })
  expect(passes(guider, 1)).toEqual(['predCond cond', `predCondSkip cond skip(1) ${MIDDLE}.0`])
})

test('a scale of 0 and a guider that is disabled need no third pass', () => {
  const settings = { skipLayerGuidanceLayers: [0], skipLayerGuidanceStop: 1 }
  expect(passes(new SkipLayerGuidance({ ...settings, skipLayerGuidanceScale: 0 }), 1)).toEqual(both)
  expect(passes(new SkipLayerGuidance({ ...settings, enabled: false }), 1)).toEqual(['predCond cond'])
})

describe('AutoGuidance', () => {
  const drop = { autoGuidanceLayers: [0], dropout: 0.1 }
  const draws = (guider: BaseGuidance) => {
    guider.setState(0, 10, 500)
    guider.prepareModels(unet)
    return guider.prepareModels(unet).flatMap(({ numbers }) => numbers ?? [])
  }

  test('changes the model of the second pass', () => {
    const ofBlock = `skip(0.1) ${MIDDLE}.0`
    expect(passes(new AutoGuidance(drop), 0)).toEqual(['predCond cond', `predUncond uncond ${ofBlock} ${ofBlock}.ff`])
  })

  test('draws what is dropped from the seed of the run', () => {
    const guider = new AutoGuidance(drop)
    const [first, again, other] = [guider.forRun({ seed: 7 }), guider.forRun({ seed: 7 }), guider.forRun({ seed: 8 })]
    const drawn = draws(first)
    expect(drawn).toHaveLength(2)
    expect(draws(again)).toEqual(drawn)
    expect(draws(other)).not.toEqual(drawn)
    expect(draws(first)).not.toEqual(drawn)
  })
})

describe('wrong configs are refused by name', () => {
  test.each([
    [() => new SkipLayerGuidance(undefined as unknown as object), 'skip_layer_guidance_layers: is missing'],
    [() => new SkipLayerGuidance({}), 'skip_layer_guidance_layers: is missing: pass it, or skip_layer_config'],
    [
      () => new SkipLayerGuidance({ skipLayerGuidanceLayers: [0], skipLayerConfig: { indices: [1] } }),
      'skipLayerGuidanceLayers: cannot be given together with skip_layer_config',
    ],
    [
      () => new SkipLayerGuidance({ skipLayerGuidanceLayers: [0], skipLayerGuidanceStart: 0.5 }),
      'skip_layer_guidance_stop: must be at least skip_layer_guidance_start, which is 0.5, but is 0.2',
    ],
    [
      () => new SkipLayerGuidance({ skipLayerGuidanceLayers: [0], start: 0.5, stop: 0.2 }),
      'stop: must be at least start',
    ],
    [
      () => new PerturbedAttentionGuidance({}),
      'perturbed_guidance_layers: is missing: pass it, or perturbed_guidance_config',
    ],
    [() => new SmoothedEnergyGuidance({ segGuidanceLayers: [0], segBlurSigma: 0 }), 'segBlurSigma: 0 is not possible'],
    [() => new SmoothedEnergyGuidance({ segGuidanceLayers: [-1] }), 'segGuidanceLayers.0: -1 is not possible'],
    [() => new AutoGuidance({}), 'auto_guidance_layers: is missing: pass it, or auto_guidance_config'],
    [() => new AutoGuidance({ autoGuidanceLayers: 0 }), 'dropout: is missing: auto_guidance_layers needs it'],
  ])('%s', (make, message) => {
    expect(make).toThrow(message)
  })
})

test('reads the settings of a file, in snake_case to any depth', () => {
  const guider = BaseGuidance.fromConfig({
    _class_name: 'SkipLayerGuidance',
    skip_layer_config: [{ indices: [0], fqn: MIDDLE, skip_ff: false }],
    skip_layer_guidance_stop: 1,
  })
  expect(passes(guider, 1)[2]).toBe(`predCondSkip cond skip(1) ${MIDDLE}.0.attn1`)
})
