/** The tiny checkpoint of Stable Diffusion XL that comes with the goldens, and its refiner. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ModularPipeline, type SequentialPipelineBlocks, StableDiffusionXLAutoBlocks } from '../../../index'

const goldens = join(__dirname, '..', '..', 'goldens', 'pipelines')

/** A base model whose two text encoders make 16 and 24 channels. */
export const baseFolder = join(goldens, 'stable_diffusion_xl_adapters')

type Json = Record<string, unknown>

const index = JSON.parse(readFileSync(join(baseFolder, 'model_index.json'), 'utf8')) as Json
const folders: string[] = []

/** The base model with another index, and other folders for some of its components. Disposed by {@link removeFolders}. */
export function folderWith(changes: Json, components: Readonly<Record<string, string | null>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-xl-'))
  folders.push(folder)
  writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ ...index, ...changes }))
  const names = ['scheduler', 'text_encoder', 'text_encoder_2', 'tokenizer', 'tokenizer_2', 'unet', 'vae']
  for (const name of names) {
    const source = name in components ? components[name] : name
    if (source) symlinkSync(join(baseFolder, source), join(folder, name), 'junction')
  }
  return folder
}

/** The refiner: it has no first text encoder, and takes aesthetic scores. */
export function refinerFolder(changes: Json = {}): string {
  const nothing = [null, null]
  const refiner = {
    text_encoder: nothing,
    tokenizer: nothing,
    requires_aesthetics_score: true,
    force_zeros_for_empty_prompt: false,
  }
  return folderWith(
    { _class_name: 'StableDiffusionXLImg2ImgPipeline', ...refiner, ...changes },
    { unet: 'unet_refiner', text_encoder: null, tokenizer: null },
  )
}

/** A copy of a folder, whose files may be changed. */
export function copyOf(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-xl-'))
  folders.push(folder)
  cpSync(source, folder, { recursive: true, dereference: true })
  return folder
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** A pipeline with all components of a folder. */
export async function load(folder: string): Promise<ModularPipeline<StableDiffusionXLAutoBlocks>> {
  const pipe = (await ModularPipeline.fromPretrained(folder)) as unknown as ModularPipeline<StableDiffusionXLAutoBlocks>
  await pipe.loadComponents()
  return pipe
}

/** The pipeline's blocks, with others. */
export async function loadWith<B extends SequentialPipelineBlocks>(
  blocks: B,
  folder: string,
): Promise<ModularPipeline<B>> {
  const pipe = blocks.initPipeline(folder) as unknown as ModularPipeline<B>
  await pipe.loadComponents()
  return pipe
}
