/** LoRA files and pipelines for the tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  type Executor,
  Generator,
  type ModularPipeline,
  StableDiffusionTextToImageBlocks,
  writeSafetensors,
} from '../../../../index'

/** A checkpoint of Stable Diffusion with LoRA files. */
export const checkpoint = join(__dirname, '..', '..', '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')

/** A file of the checkpoint: `peft`, `kohya_locon`, `kohya_small_fp16`. */
export const loraFile = (name: string) => join(checkpoint, 'lora', `${name}.safetensors`)

/** A LoRA for Stable Diffusion XL. */
export const xlFile = join(checkpoint, '..', 'stable_diffusion_xl_adapters', 'lora', 'kohya.safetensors')

/** Loads a pipeline whose models a given executor computes. */
export async function loadPipe(executor: Executor): Promise<ModularPipeline> {
  const pipe: ModularPipeline = new StableDiffusionTextToImageBlocks().initPipeline(checkpoint)
  await pipe.loadComponents({ executor })
  return pipe
}

/** The numbers of a small picture. */
export async function drawWith(pipe: ModularPipeline, inputs: Record<string, unknown> = {}): Promise<Float32Array> {
  const size = { height: 32, width: 32, numInferenceSteps: 2, outputType: 'tensor' }
  const images = await pipe<tf.Tensor>({ prompt: 'a red apple', ...size, ...inputs }, { output: 'images', seed: 1 })
  const values = (await images.data<'float32'>()).slice()
  images.dispose()
  return values
}

/** Largest difference of two pictures. */
export function differenceOf(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0)
}

const folders: string[] = []

/** Writes random tensors of some shapes as a safetensors file, and returns its path. Numbers take the place of random ones. */
export async function writeLora(
  tensors: Readonly<Record<string, { shape: readonly number[]; values?: readonly number[] }>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-lora-'))
  folders.push(folder)
  const path = join(folder, 'adapter.safetensors')
  const generator = new Generator(3)
  const entries = Object.entries(tensors).map(([name, { shape, values }]) => {
    const data = values ? Float32Array.from(values) : generator.randn([...shape]).map(value => 0.3 * value)
    return [name, { dtype: 'F32' as const, shape, data }]
  })
  await writeSafetensors(path, Object.fromEntries(entries), metadata)
  return path
}

/** Removes the files. */
export function removeLoras(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
