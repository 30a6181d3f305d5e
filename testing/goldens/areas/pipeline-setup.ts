/** What draws a recorded run: blocks, and what is changed on the pipeline before the call. */
import {
  StableDiffusionAutoBlocks,
  StableDiffusionImageToImageBlocks,
  StableDiffusionInpaintBlocks,
  StableDiffusionTextToImageBlocks,
  StableDiffusionXLAutoBlocks,
} from '../../../blocks'
import { type SequentialPipelineBlocks, toCamelCase } from '../../../src'
import { type GoldenCase, type Json, UnsupportedGoldenError } from '../golden-case'
import { foldersOf, type RecordedRun, requireKnownAdapters } from './pipeline-runs'

/** How a run is drawn. */
export interface RunSetup {
  readonly blocks: SequentialPipelineBlocks
  /** Folders of components that differ from their names. */
  readonly folders: Readonly<Record<string, string>>
  /** Components that the run does without. */
  readonly leftOut: readonly string[]
  /** Components that are put in the place of the checkpoint's. */
  readonly components?: Readonly<Record<string, unknown>>
  /** Settings of the pipeline that differ from those of the checkpoint's index. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Folders of the ControlNets, if there are several. */
  readonly controlnets: readonly string[]
  /** Whether old settings of the scheduler are corrected. */
  readonly correctsScheduler: boolean
  /** Inputs that the reference calls otherwise. */
  readonly renamed: Readonly<Record<string, string>>
  /** Inputs whose defaults differ from ours. */
  readonly inputs: Readonly<Record<string, unknown>>
}

/** The blocks for each pipeline of the reference. */
const BLOCKS: Readonly<Record<string, new () => SequentialPipelineBlocks>> = {
  StableDiffusionPipeline: StableDiffusionTextToImageBlocks,
  StableDiffusionImg2ImgPipeline: StableDiffusionImageToImageBlocks,
  StableDiffusionInpaintPipeline: StableDiffusionInpaintBlocks,
  StableDiffusionControlNetPipeline: StableDiffusionAutoBlocks,
  StableDiffusionControlNetImg2ImgPipeline: StableDiffusionAutoBlocks,
  StableDiffusionControlNetInpaintPipeline: StableDiffusionAutoBlocks,
  StableDiffusionXLControlNetPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLControlNetImg2ImgPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLControlNetInpaintPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLControlNetUnionPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLControlNetUnionImg2ImgPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLControlNetUnionInpaintPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLImg2ImgPipeline: StableDiffusionXLAutoBlocks,
  StableDiffusionXLInpaintPipeline: StableDiffusionXLAutoBlocks,
}

/** The pipelines of the runs of a case that names one for all. */
const TASKS: Readonly<Record<string, string>> = { img2img: 'Img2ImgPipeline', inpaint: 'InpaintPipeline' }

/** The pipelines with ControlNets: the folder of the network where the run names none, and the default of the scale where it differs from that of our blocks. */
const CONTROLNET = /ControlNet(Union)?(Img2Img|Inpaint)?Pipeline$/

/** What the index of a refiner states. The notes of the runs tell, as the goldens have one index for both. */
const REFINER_SETTINGS = { requiresAestheticsScore: true, forceZerosForEmptyPrompt: false }

/** Returns how a run is drawn. @throws UnsupportedGoldenError if it cannot be */
export function setupOf(golden: GoldenCase, run: RecordedRun): RunSetup {
  const parts = run.kind.startsWith('refiner') ? defaultComponents(golden.json, 'refiner') : {}
  const isRefiner = 'unet' in parts
  const control = CONTROLNET.exec(run.pipeline_class ?? '')
  const ownControlNet = control ? { controlnet: control[1] ? 'controlnet_union' : 'controlnet' } : {}
  const several = run.components?.controlnet
  return {
    blocks: blocksFor(golden, run),
    folders: {
      ...(several === undefined && ownControlNet),
      ...foldersOf({ ...run, components: placed(parts) }),
      ...foldersOf(run),
    },
    controlnets: Array.isArray(several) ? (several as string[]) : [],
    // The reference's pipelines with ControlNets correct nothing.
    correctsScheduler: control === null,
    // Its pipelines for text to image call the picture for the ControlNet so.
    renamed: control && !('control_image' in run.arguments) ? { image: 'controlImage' } : {},
    leftOut: Object.keys(parts)
      .filter(name => parts[name] === null)
      .map(toCamelCase),
    settings: { ...(isRefiner && REFINER_SETTINGS), ...camelKeys(run.config ?? {}) },
    inputs: {
      guidanceScale: 7.5,
      guidanceRescale: 0,
      // The default of the classic pipelines; the reference's modular pipeline has one for all tasks, which is ours for this family.
      ...(control?.[2] === 'Img2Img' && { controlnetConditioningScale: 0.8 }),
      // The default of the pipelines that were recorded; that of the reference's modular pipeline is ours too.
      ...(isRefiner && { negativeAestheticScore: 2.5 }),
    },
  }
}

/** The blocks that draw a run. @throws UnsupportedGoldenError if there are none */
function blocksFor(golden: GoldenCase, run: RecordedRun): SequentialPipelineBlocks {
  const ofCase = String(golden.json.pipeline_class)
  const family = ofCase.replace(/Pipeline$/, '')
  const pipelineClass = run.pipeline_class ?? `${family}${TASKS[run.kind] ?? 'Pipeline'}`
  const type = BLOCKS[pipelineClass]
  if (type === undefined) throw new UnsupportedGoldenError(`the ${pipelineClass}`)
  requireKnownAdapters(run)
  const takesEmbeds = type === StableDiffusionTextToImageBlocks && 'prompt_embeds' in run.arguments
  const blocks = takesEmbeds ? new StableDiffusionAutoBlocks() : new type()
  if (run.output_type !== 'latent') return blocks
  const decoders = ['decode', 'postprocess'].filter(name => blocks.subBlocks.has(name))
  return decoders.reduce<SequentialPipelineBlocks>((rest, name) => rest.remove(name), blocks)
}

/** Folders of the components of one kind of run, `null` for those that it does without. */
function defaultComponents(json: Json, kind: string): Json {
  return ((json.default_components as Json | undefined)?.[kind] as Json | undefined) ?? {}
}

function placed(parts: Json): Json {
  return Object.fromEntries(Object.entries(parts).filter(([, folder]) => folder !== null))
}

function camelKeys(values: Json): Json {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [toCamelCase(key), value]))
}
