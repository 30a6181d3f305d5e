import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { schedulerClasses } from '../../../components/schedulers/scheduler-classes'
import {
  AutoencoderKL,
  CLIPTextModel,
  ClassifierFreeGuidance,
  guiderNames,
  makeGuider,
  SchedulerMixin,
  UNet2DConditionModel,
} from '../../../index'

type RawConfig = Readonly<Record<string, unknown>>

const checkpoint = join(__dirname, '..', '..', 'goldens', 'pipelines', 'stable_diffusion')
const configOf = (folder: string) =>
  JSON.parse(readFileSync(join(checkpoint, folder, 'config.json'), 'utf8')) as RawConfig

/** The warnings of a call. */
function warningsOf(call: () => unknown): string[] {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
  try {
    call()
    return emitWarning.mock.calls.map(([message]) => String(message))
  } finally {
    emitWarning.mockRestore()
  }
}

describe('keys of configs that no code reads', () => {
  const classes = [
    ['UNet2DConditionModel', 'unet', (config: RawConfig) => UNet2DConditionModel.fromConfig(config)],
    ['AutoencoderKL', 'vae', (config: RawConfig) => AutoencoderKL.fromConfig(config)],
    ['CLIPTextModel', 'text_encoder', (config: RawConfig) => CLIPTextModel.fromConfig(config)],
  ] as const

  test.each(classes)('%s: those that Python writes are read, or without effect', (_, folder, make) => {
    expect(warningsOf(() => make(configOf(folder)))).toEqual([])
  })

  test.each(classes)('%s: others are named once, with their values', (name, folder, make) => {
    const config = { ...configOf(folder), ema_decay: 0.99, use_magic: 'yes', nothing: null, empty: {}, _note: 1 }
    const message = `config: ${name} ignores the unknown settings "ema_decay" (0.99), "use_magic" ("yes").`
    expect(warningsOf(() => make(config))).toEqual([message])
    expect(warningsOf(() => make(config))).toEqual([])
  })

  test('are named for guiders', () => {
    const config = { guidance_scale: 3, guidance_strength: 2 } as object
    expect(warningsOf(() => new ClassifierFreeGuidance(config))).toEqual([
      'config: ClassifierFreeGuidance ignores the unknown setting "guidance_strength" (2).',
    ])
  })

  test.each(schedulerClasses.map(each => [each.name, each] as const))('are named for %s', (name, schedulerClass) => {
    const settings = { predict_epsilon: false, beta_strat: 0.1 }
    const message = `config: ${name} ignores the unknown settings "predict_epsilon" (false), "beta_strat" (0.1).`
    expect(warningsOf(() => new schedulerClass(settings))).toEqual([message])
    expect(warningsOf(() => SchedulerMixin.fromConfig({ _class_name: name, ...settings }))).toEqual([])
  })

  test.each(Object.keys(guiderNames))('are named for the guider %s', name => {
    const [message] = warningsOf(() => makeGuider(name, { guidance_strength: name }))
    expect(message).toContain(`ignores the unknown setting "guidance_strength" ("${name}").`)
  })

  test('are named around the part of a whole CLIP model, too', () => {
    const whole = {
      text_config: configOf('text_encoder'),
      vision_config: {},
      projection_dim: 5,
      logit_scale_init_value: 2.6,
      model_type: 'clip',
      use_magic: 2,
    }
    const message = 'config: CLIPTextModel ignores the unknown setting "use_magic" (2).'
    expect(warningsOf(() => CLIPTextModel.fromConfig(whole))).toEqual([message])
  })

  test('are not chosen between two spellings', () => {
    const config = { ...configOf('vae'), scalingFactor: 0.5 }
    expect(() => AutoencoderKL.fromConfig(config)).toThrow(
      /"?scalingFactor"?.*is the same setting as "scaling_factor"; remove one of them/,
    )
  })

  test('are bounded in number and length', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`k${i}${'x'.repeat(5000)}`, 'y'.repeat(5000)]),
    )
    const [message = ''] = warningsOf(() => AutoencoderKL.fromConfig({ ...configOf('vae'), ...many }))
    expect(message).toMatch(/ and 490 more\.$/)
    expect(message.length).toBeLessThan(4000)
  })

  test("are named for schedulers that are loaded from their own class's file", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tesserae-unread-'))
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    try {
      const config = {
        _class_name: 'DDIMScheduler',
        _diffusers_version: '0.2.2',
        skip_prk_steps: true,
        trained_betas: null,
      }
      writeFileSync(join(folder, 'scheduler_config.json'), JSON.stringify(config))
      await SchedulerMixin.fromPretrained(folder)
      expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([
        expect.stringContaining('DDIMScheduler ignores the unknown setting "skip_prk_steps" (true).'),
      ])
    } finally {
      emitWarning.mockRestore()
      rmSync(folder, { recursive: true })
    }
  })
})
