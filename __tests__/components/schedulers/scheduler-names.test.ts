import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../../components/configs/config-error'
import { DEISMultistepScheduler } from '../../../components/schedulers/exponential-solvers/deis-multistep-scheduler'
import { DPMSolverMultistepScheduler } from '../../../components/schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
import { schedulerClasses } from '../../../components/schedulers/scheduler-classes'
import { resolveScheduler, schedulerNames } from '../../../components/schedulers/scheduler-names'
import { EulerDiscreteScheduler } from '../../../components/schedulers/sigma-space/euler-discrete-scheduler'
import { UnknownSchedulerError } from '../../../components/schedulers/unknown-scheduler-error'
import { DDIMScheduler } from '../../../components/schedulers/variance-preserving/ddim-scheduler'

const modelConfig = { _class_name: 'DDIMScheduler', beta_start: 0.00085, steps_offset: 1, clip_sample: false }

test.each(Object.keys(schedulerNames))('"%s" makes a scheduler that can run', name => {
  const scheduler = resolveScheduler(name).make(modelConfig)
  scheduler.setTimesteps(5)
  expect(scheduler.numInferenceSteps).toBe(5)
  expect(scheduler.timesteps.length).toBeGreaterThanOrEqual(5)
  if ('betaStart' in scheduler.config) expect(scheduler.config).toMatchObject({ betaStart: 0.00085 })
  if ('stepsOffset' in scheduler.config) expect(scheduler.config).toMatchObject({ stepsOffset: 1 })
})

test('a name stands for a class and its settings', () => {
  expect(resolveScheduler('ddim').make({})).toBeInstanceOf(DDIMScheduler)
  expect(resolveScheduler('euler_karras').make({})).toBeInstanceOf(EulerDiscreteScheduler)
  const scheduler = resolveScheduler('dpm++_2m_sde_karras').make({})
  expect(scheduler).toBeInstanceOf(DPMSolverMultistepScheduler)
  expect(scheduler.config).toMatchObject({ algorithmType: 'sde-dpmsolver++', solverOrder: 2, useKarrasSigmas: true })
})

test('a name without a spacing turns the spacing of the config off', () => {
  const karras = EulerDiscreteScheduler.fromConfig({ useKarrasSigmas: true })
  expect(resolveScheduler('euler').make(karras.config).config).toMatchObject({ useKarrasSigmas: false })
  expect(resolveScheduler('euler_beta').make(karras.config).config).toMatchObject({
    useKarrasSigmas: false,
    useBetaSigmas: true,
  })
})

test('a class name leaves the settings as they are', () => {
  const scheduler = resolveScheduler('EulerDiscreteScheduler').make({ use_karras_sigmas: true })
  expect(scheduler.config).toMatchObject({ useKarrasSigmas: true })
})

test('capitals, spaces and hyphens do not matter', () => {
  expect(resolveScheduler('DPM++ 2M Karras')).toBe(resolveScheduler('dpm++_2m_karras'))
  expect(resolveScheduler('euler-karras')).toBe(resolveScheduler('euler_karras'))
})

test('an unknown name is refused with the known ones and the nearest', () => {
  const attempt = () => resolveScheduler('eular')
  expect(attempt).toThrow(UnknownSchedulerError)
  expect(attempt).toThrow(/There is no scheduler "eular"\. Did you mean "euler"\? Known: "ddim", "ddpm"/)
})

test('the docs describe every name', () => {
  const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'guides', 'schedulers.md'), 'utf8')
  const bare = (name: string) => name.replace(/_(karras|exponential|beta)$/, '')
  expect(Object.keys(schedulerNames).filter(name => !page.includes(`\`${bare(name)}\``))).toEqual([])
})

describe('a config of any scheduler', () => {
  beforeEach(() => void jest.spyOn(process, 'emitWarning').mockImplementation())
  afterEach(() => jest.restoreAllMocks())

  // A model's prediction of angles is not a prediction of noise, and backwards there is not a stochastic solver.
  const refusals = ['SCMScheduler', 'DPMSolverMultistepInverseScheduler']

  function takes(convert: () => unknown): boolean {
    try {
      return convert() !== undefined
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      return false
    }
  }

  test.each(schedulerClasses)('is taken by %p, with what applies of it', schedulerClass => {
    for (const [name, other] of Object.entries(schedulerNames)) {
      if (name === 'SCMScheduler' || /_(karras|exponential|beta)$/.test(name)) continue
      const { config } = other.make(modelConfig)
      const convert = () => new schedulerClass(config)
      if (refusals.includes(schedulerClass.name) && !takes(convert)) continue
      const scheduler = convert()
      scheduler.setTimesteps(10)
      if ('betaStart' in config && 'betaStart' in scheduler.config) {
        expect(scheduler.config).toMatchObject({ betaStart: 0.00085 })
      }
    }
  })

  test('a name that families share stands for the default where it means nothing', () => {
    const stochastic = resolveScheduler('dpm++_2m_sde').make(modelConfig)
    const converted = DEISMultistepScheduler.fromConfig(stochastic.config)
    expect(converted.config.algorithmType).toBe('deis')
    expect(converted.ignoredKeys).toContain('algorithmType')
    expect(() => new DEISMultistepScheduler({ algorithmType: 'sde' as 'deis' })).toThrow(ConfigError)
  })
})

test('what is not a name at all is refused in the same way', () => {
  expect(() => resolveScheduler(undefined as unknown as string)).toThrow(UnknownSchedulerError)
})
