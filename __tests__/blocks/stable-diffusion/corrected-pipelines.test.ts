/** Checkpoints that StableDiffusionPipeline corrects give its latents: old configs, weak guidance, distilled UNets, concepts of several vectors. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import {
  Generator,
  ModularPipeline,
  SafetensorsFile,
  type SchedulerMixin,
  StableDiffusionAutoBlocks,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  type UNet2DConditionModel,
} from '../../../index'
import { mapKeys, toCamelCase } from '../../../src/format/wire-names'
import { expectClose } from '../../../testing/goldens/compare'
import { toChannelsFirst } from '../../../testing/goldens/layout'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { type RecordedTensors, readTensors } from '../read-tensors'

type Json = Record<string, unknown>

interface Correction {
  readonly name: string
  readonly seed: number
  readonly arguments: Json
  readonly files: Readonly<Record<string, { readonly replace?: Json; readonly set?: Json }>>
  readonly tensors: Readonly<
    Record<string, Readonly<Record<string, { readonly set?: string; readonly append?: string }>>>
  >
  readonly settings: {
    readonly steps_offset: number
    readonly clip_sample: boolean | null
    readonly sample_size: number
  }
}

const goldens = join(__dirname, '..', '..', 'goldens')
const cases = JSON.parse(readFileSync(join(goldens, 'corrected-pipelines', 'cases.json'), 'utf8')) as Correction[]
let recorded: RecordedTensors
const folders: string[] = []

beforeAll(async () => {
  await selectBackend({ backend: 'wasm', threads: 1 })
  recorded = await readTensors(join(goldens, 'corrected-pipelines', 'results.safetensors'))
})
useLeakCheck()
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The tiny checkpoint with the changes of a case. */
async function folderOf({ files, tensors }: Correction): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-corrected-'))
  folders.push(folder)
  cpSync(join(goldens, 'pipelines', 'stable_diffusion'), folder, { recursive: true })
  for (const [name, { replace, set }] of Object.entries(files)) {
    const path = join(folder, name)
    const old = JSON.parse(readFileSync(path, 'utf8')) as Json
    writeFileSync(path, JSON.stringify(replace ?? { ...old, ...set }))
  }
  for (const [name, changes] of Object.entries(tensors)) {
    const file = await SafetensorsFile.open(join(folder, name))
    const weights: Record<string, { shape: readonly number[]; values: Float32Array }> = {}
    for (const key of file.keys) weights[key] = { shape: file.info(key).shape, values: await file.readFloat32(key) }
    await file.close()
    for (const [key, { set, append }] of Object.entries(changes)) {
      const added = recorded((set ?? append) as string) // One of the two.
      const values = added.values as Float32Array
      const [rows = 0, ...rest] = added.shape
      const old = weights[key]
      if (append === undefined || old === undefined) weights[key] = { shape: added.shape, values }
      else {
        const all = Float32Array.from([...old.values, ...values])
        weights[key] = { shape: [(old.shape[0] ?? 0) + rows, ...rest], values: all }
      }
    }
    const entries = Object.entries(weights).map(([key, { shape, values }]) => [
      key,
      { dtype: 'F32', shape, data: values } as const,
    ])
    await writeSafetensors(join(folder, name), Object.fromEntries(entries))
  }
  return folder
}

/** The pipeline of the class that the index names, as far as the latents. */
async function undecoded(folder: string): Promise<ModularPipeline> {
  const { blocks } = await ModularPipeline.fromPretrained(folder)
  const ofTask = blocks instanceof StableDiffusionAutoBlocks ? new StableDiffusionTextToImageBlocks() : blocks
  if (!(ofTask instanceof StableDiffusionTextToImageBlocks)) throw new Error('not a pipeline of the family')
  return ofTask.remove('decode').remove('postprocess').initPipeline(folder)
}

describe('corrected pipelines', () => {
  test.each(cases.map(each => [each.name, each] as const))('%s: draws what the reference draws', async (name, each) => {
    const pipe = await undecoded(await folderOf(each))
    const given = mapKeys(each.arguments, toCamelCase) as Json & { prompt: string | string[] }
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    try {
      await pipe.loadComponents()
      const scheduler = (pipe.components.scheduler as SchedulerMixin).config as unknown as Json
      expect(scheduler.stepsOffset).toBe(each.settings.steps_offset)
      if (each.settings.clip_sample !== null) expect(scheduler.clipSample).toBe(each.settings.clip_sample)
      const unet = pipe.components.unet as UNet2DConditionModel
      expect(unet.config.sampleSize).toBe(each.settings.sample_size)
      const isOfStableDiffusion = !name.startsWith('lcm_pipeline')
      const read = Object.values(each.files).flatMap(({ replace }) => replace?.steps_offset ?? (replace ? 0 : []))
      if (isOfStableDiffusion && read.includes(0))
        expect(emitWarning.mock.calls.join()).toContain('steps_offset 0; Stable Diffusion needs 1')
      const generator = new Generator(each.seed)
      const latents = (await pipe({ ...given, generator }, { output: 'latents' })) as tf.Tensor4D
      const got = toChannelsFirst(latents)
      latents.dispose()
      expectClose(name, got, recorded(name), { atol: 1e-3, rtol: 1e-3 })
    } finally {
      emitWarning.mockRestore()
      pipe.dispose()
    }
  })
})
