/**
 * `node dist/bench/single-file.js`: how long a model of Stable Diffusion XL's size takes to be ready in one file, and as a folder. Both are sparse files of
 * zeros in half precision, so that they take no room and nothing but the reading of headers and the making of models is measured.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ModularPipeline, type SchedulerMixin } from 'tesserae'
import { AutoencoderKL } from '../components/models/autoencoder-kl/autoencoder-kl'
import { CLIPTextModel } from '../components/models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../components/models/clip-text/clip-text-model-with-projection'
import type { PretrainedModel } from '../components/models/pretrained-model'
import { UNet2DConditionModel } from '../components/models/unet-2d-condition/unet-2d-condition-model'
import { familyConfigs } from '../components/single-file/family-configs'
import type { FilePart, SingleFileComponent } from '../components/single-file/file-kind'
import { keySources } from '../components/single-file/map-file-keys'
import { CLIPTokenizer } from '../components/tokenizers/clip-tokenizer'
import { median } from './median'
import { type SparseShapes, shapesOf, writeSparse } from './sparse-weights'

const RUNS = 7

const configs = familyConfigs['stable-diffusion-xl']

type Part = Exclude<SingleFileComponent, 'controlnet'>

const parts: Readonly<Record<Part, FilePart>> = {
  unet: { layout: 'original', prefix: 'model.diffusion_model.' },
  vae: { layout: 'original', prefix: 'first_stage_model.' },
  text_encoder: { layout: 'original', prefix: 'conditioner.embedders.0.transformer.' },
  text_encoder_2: { layout: 'open-clip', prefix: 'conditioner.embedders.1.model.' },
}

const classes = {
  unet: UNet2DConditionModel,
  vae: AutoencoderKL,
  text_encoder: CLIPTextModel,
  text_encoder_2: CLIPTextModelWithProjection,
}

/** The names and shapes that a model has in one file. */
function shapesInFile(component: Part, model: PretrainedModel): SparseShapes {
  const shapes = new Map<string, readonly number[]>()
  const part = parts[component]
  for (const [name, { shape }] of model.namedParameters()) {
    const [source] = keySources(name, { component, config: model.config }, part)
    if (source === undefined) throw new Error(`${name} has no place in a file.`)
    const [rows = 1, ...rest] = source.isTransposed ? shape.toReversed() : shape
    shapes.set(part.prefix + source.key, [rows * (source.part?.of ?? 1), ...rest])
  }
  return shapes
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, JSON.stringify(value, null, 2))
}

/** Writes the model both ways. Returns the bytes of the one file. */
async function writeModels(file: string, folder: string): Promise<number> {
  const all = new Map<string, readonly number[]>()
  for (const component of Object.keys(parts) as Part[]) {
    const config = configs[component] ?? {}
    const model: PretrainedModel = classes[component].fromConfig(config)
    for (const [name, shape] of shapesInFile(component, model)) all.set(name, shape)
    await mkdir(join(folder, component), { recursive: true })
    await writeJson(join(folder, component, 'config.json'), config)
    const name = component.startsWith('text') ? 'model' : 'diffusion_pytorch_model'
    await writeSparse(join(folder, component, `${name}.safetensors`), shapesOf(model), 'F16')
  }
  const bytes = await writeSparse(file, all, 'F16')
  for (const subfolder of ['tokenizer', 'tokenizer_2']) {
    const tokenizer = await CLIPTokenizer.fromSingleFile(file, { subfolder })
    await tokenizer.savePretrained(join(folder, subfolder))
  }
  const pipe = await ModularPipeline.fromSingleFile(file)
  await pipe.loadComponents({ names: 'scheduler' })
  await (pipe.components as unknown as { scheduler: SchedulerMixin }).scheduler.savePretrained(
    join(folder, 'scheduler'),
  )
  await writeJson(join(folder, 'model_index.json'), {
    _class_name: 'StableDiffusionXLPipeline',
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    tokenizer_2: ['transformers', 'CLIPTokenizer'],
    scheduler: ['diffusers', 'EulerDiscreteScheduler'],
    force_zeros_for_empty_prompt: true,
  })
  pipe.dispose()
  return bytes
}

/** What one process found. */
interface Opened {
  readonly milliseconds: number
  /** Bytes that the process has read meanwhile, as far as the system tells. */
  readonly bytesRead: number | undefined
}

function bytesReadSoFar(): number | undefined {
  if (!existsSync('/proc/self/io')) return undefined
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

/** Opens the model, in a process of its own. */
async function openOnce(source: string): Promise<Opened> {
  const [bytes, begin] = [bytesReadSoFar(), performance.now()]
  const pipe = await ModularPipeline.fromPretrained(source)
  await pipe.loadComponents({ executor: 'graph' })
  const milliseconds = performance.now() - begin
  const after = bytesReadSoFar()
  return { milliseconds, bytesRead: bytes === undefined || after === undefined ? undefined : after - bytes }
}

async function main(): Promise<void> {
  const top = await mkdtemp(join(tmpdir(), 'tesserae-single-file-'))
  try {
    const [file, folder] = [join(top, 'sdxl.safetensors'), join(top, 'sdxl')]
    const bytes = await writeModels(file, folder)
    console.log(`${(bytes / 1e9).toFixed(2)} GB in one file`)
    const results: Record<string, Opened[]> = { file: [], folder: [] }
    for (let run = 0; run < RUNS; run++) {
      for (const [kind, source] of Object.entries({ file, folder })) {
        const output = execFileSync(process.execPath, [__filename, source], { encoding: 'utf8' })
        results[kind]?.push(JSON.parse(output) as Opened)
      }
    }
    const medianOf = (kind: string, field: keyof Opened) =>
      median((results[kind] ?? []).map(opened => opened[field] ?? 0))
    for (const kind of Object.keys(results)) {
      const read = (medianOf(kind, 'bytesRead') / 1e6).toFixed(1)
      console.log(
        `${kind}: ready in ${medianOf(kind, 'milliseconds').toFixed(0)} ms, ${read} MB read (median of ${RUNS})`,
      )
    }
    console.log(
      `file ÷ folder: ${(medianOf('file', 'milliseconds') / medianOf('folder', 'milliseconds')).toFixed(2)} (goal ≤ 1.2)`,
    )
  } finally {
    await rm(top, { recursive: true })
  }
}

const [source] = process.argv.slice(2)
if (source === undefined) {
  void main()
} else {
  void openOnce(source).then(opened => {
    process.stdout.write(JSON.stringify(opened))
    process.exit(0)
  })
}
