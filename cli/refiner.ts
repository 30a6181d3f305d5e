/** `tesserae generate --refiner`: a second model takes the last part of the denoising. */
import { join } from 'node:path'
import { Autoencoder, latentDifferences } from '../components'
import { readConfig } from '../components/configs/read-config'
import type { Executor } from '../components/executors/executor'
import { readSingleFile } from '../components/single-file/read-single-file'
import { type ModularPipelineBlocks, SequentialPipelineBlocks, UntrustedCodeError } from '../src'
import { resolveRepository } from '../src/hub/repository-resolver'
import { isSingleFile, resolveSingleFile } from '../src/hub/single-file-source'
import { callInputs, type DrawingInputs, type DrawingOptions } from './call-inputs'
import {
  type LoadingAccess,
  loadComponents,
  repositoryOptions,
  requireReplaced,
  singleFileSettings,
} from './load-model'
import type { ModelOptions } from './model-options'
import { type AnyPipeline, openPipeline } from './open-pipeline'
import { requireRevisions } from './require-revisions'
import { UnfitOptionError } from './unfit-option-error'
import { UnknownSubjectError } from './unknown-subject-error'

/** The options that say which refiner, and where it takes over. */
export interface RefinerOptions {
  /** Folder or repository of the refiner. */
  refiner?: string
  /** Branch, tag or commit of the refiner's repository. */
  refinerRevision?: string
  /** Share of the denoising after which it takes over, above 0 and below 1. */
  refinerStart?: number
}

/** Where the refiner takes over by default: as in the examples of diffusers. */
export const DEFAULT_REFINER_START = 0.8

/** The settings of a UNet. */
const CONFIG_NAME = 'config.json'

/** What the base model makes and the refiner begins with. */
const LATENTS = 'latents'

type Options = ModelOptions & DrawingOptions & RefinerOptions

/** A base pipeline that ends with latents, and the pipeline that continues with them. */
export interface HandOver {
  /** Draws latents, and decodes nothing. */
  readonly base: AnyPipeline
  readonly baseInputs: DrawingInputs
  readonly refiner: AnyPipeline
  /** Without the latents that the base model has made. */
  readonly refinerInputs: DrawingInputs
}

/**
 * Opens both pipelines of a hand-over; no weights are read.
 *
 * @param whole the pipeline of the model, which is disposed
 * @throws UnfitOptionError for a model that cannot stop early, and for a refiner that cannot continue or is of another family;
 * InvalidRepositoryNameError for a revision of a folder
 */
export async function openHandOver(
  whole: AnyPipeline,
  inputs: DrawingInputs,
  prompt: string,
  options: Options & { refiner: string },
  access: LoadingAccess,
): Promise<HandOver> {
  const { refinerStart: share = DEFAULT_REFINER_START } = options
  const baseInputs = { ...inputs, denoisingEnd: share }
  const { blocks: wholeBlocks } = whole
  whole.dispose()
  requireInputs(wholeBlocks, baseInputs, ['denoisingEnd'], 'the pipeline of --model cannot stop before the end')
  const base = await openAgain(untilLatents(wholeBlocks), options, access)
  const refiner = await openRefiner(options, access).catch((error: unknown) => {
    base.dispose()
    throw error
  })
  try {
    const { blocks } = refiner
    if (blocks.modelName !== wholeBlocks.modelName) {
      const names = [blocks.modelName, wholeBlocks.modelName].map(name => name ?? 'no family')
      const problem = `it is of another family (${names[0]}) than the model (${names[1]}). Use a refiner of the same family.`
      throw new UnfitOptionError('--refiner', problem)
    }
    await requireLatentsOnly(refiner, options, access)
    const { lora: _, unet: __, ...replaced } = options
    requireReplaced(refiner, replaced)
    const { negative, prompt2, negative2, promptSyntax, steps, guidance, guider } = options
    const texts = dropUndefined({ negative, prompt2, negative2, promptSyntax, steps, guidance, guider })
    // The refiner draws under the same mask.
    const pictures = dropUndefined({ maskImage: inputs.maskImage })
    const names = { option: '--refiner', pipeline: 'the pipeline of --refiner' }
    const known = callInputs(refiner, prompt, texts, pictures, names)
    const refinerInputs = { ...known, denoisingStart: share }
    // Any value stands for the latents.
    const given = { ...refinerInputs, image: true }
    requireInputs(blocks, given, ['image', 'denoisingStart'], 'its pipeline cannot continue with latents')
    return { base, baseInputs, refiner, refinerInputs }
  } catch (error) {
    base.dispose()
    refiner.dispose()
    throw error
  }
}

/**
 * Loads the base model, and of the refiner what shows whether it takes the latents of the base model.
 *
 * @throws UnfitOptionError for a refiner whose latents differ
 */
export async function loadBase(
  { base, refiner }: HandOver,
  options: Options & { refiner: string },
  executor: Executor,
  access: LoadingAccess,
): Promise<void> {
  const { safetyChecker: _, ...ofBase } = options
  await loadComponents(base, ofBase, executor, access)
  shareComponents(base, refiner)
  const names = base.componentNames.filter(
    name => refiner.componentNames.includes(name) && componentOf(base, name) instanceof Autoencoder,
  )
  const missing = names.filter(name => componentOf(refiner, name) === undefined)
  // Its weights stay in their files until the refiner decodes.
  if (missing.length > 0) {
    await refiner.loadComponents({ ...repositoryOptions(options, access), executor, names: missing, lazy: true })
  }
  for (const name of names) {
    const [one, other] = [componentOf(base, name), componentOf(refiner, name)] as [Autoencoder, Autoencoder]
    const [difference] = latentDifferences(one, other)
    if (difference === undefined) continue
    const { setting, values } = difference
    const problem = `its latents differ from those of the model: ${setting} of "${name}" is ${values[1]}, and ${values[0]} in the model.`
    throw new UnfitOptionError('--refiner', `${problem} Use a refiner of the same family.`)
  }
}

/** Makes sure that the UNet takes latents alone, as its file or its config says. @throws UnfitOptionError for one that was made for inpainting */
async function requireLatentsOnly(
  refiner: AnyPipeline,
  options: Options & { refiner: string },
  access: LoadingAccess,
): Promise<void> {
  const spec = refiner.getComponentSpec('unet')
  if (spec?.pretrainedModelNameOrPath === undefined) return
  const { pretrainedModelNameOrPath: path, subfolder, revision } = spec
  const repository = { ...repositoryOptions(options, access), revision }
  if (isSingleFile(path)) {
    const { kind } = readSingleFile(await resolveSingleFile(path, repository))
    if (kind.kind === 'checkpoint' && kind.isInpainting) throw moreThanLatents(9, 4)
    return
  }
  const folder = join(await resolveRepository(path, { subfolder, files: [CONFIG_NAME] }, repository), subfolder)
  const { in_channels: taken = 4, out_channels: made = 4 } = await readConfig(folder, CONFIG_NAME)
  if (Number(taken) > Number(made)) throw moreThanLatents(taken, made)
}

function moreThanLatents(taken: unknown, made: unknown): UnfitOptionError {
  const problem = `its UNet takes ${taken} channels and makes ${made}, as UNets for inpainting do. Use a refiner whose UNet takes latents alone.`
  return new UnfitOptionError('--refiner', problem)
}

/** Releases what the base model alone has loaded, and then loads the refiner: both never take memory at once. */
export async function loadRefiner(
  { base, refiner }: HandOver,
  options: Options & { refiner: string },
  executor: Executor,
  access: LoadingAccess,
): Promise<void> {
  base.unloadComponents(base.pretrainedComponentNames)
  base.dispose()
  // Options of a single file are for the model's own; LoRAs and a UNet are for the base model.
  const { config: _, predictionType: __, lora: ___, unet: ____, ...others } = options
  await loadComponents(refiner, { ...others, model: options.refiner }, executor, access)
}

/** Opens the model again with other blocks. */
async function openAgain(
  blocks: ModularPipelineBlocks,
  options: ModelOptions,
  access: LoadingAccess,
): Promise<AnyPipeline> {
  const { model, revision } = options
  const { manager: componentsManager } = access
  const singleFile = singleFileSettings(options)
  const repository = repositoryOptions(options, access)
  return openPipeline(model, model, { ...repository, revision, blocks, componentsManager, singleFile })
}

async function openRefiner(
  { refiner, refinerRevision: revision, offline }: Options & { refiner: string },
  access: LoadingAccess,
): Promise<AnyPipeline> {
  requireRevisions(refiner, revision, '--refiner-revision')
  const repository = { ...repositoryOptions({ ...(offline && { offline }) }, access), revision }
  const { manager: componentsManager } = access
  try {
    return await openPipeline(refiner, refiner, { ...repository, byComponents: true, componentsManager })
  } catch (error) {
    if (!(error instanceof UnknownSubjectError && error.cause instanceof UntrustedCodeError)) throw error
    const problem =
      'its blocks come as code, which --trust-remote-code allows for --model alone. Use a refiner whose blocks are built in.'
    throw new UnfitOptionError('--refiner', problem)
  }
}

/** The blocks up to those that make the latents. */
function untilLatents(blocks: ModularPipelineBlocks): ModularPipelineBlocks {
  if (!blocks.intermediateOutputNames.includes(LATENTS)) {
    const problem = `the pipeline of --model has no output ${LATENTS} to hand over. Use another model.`
    throw new UnfitOptionError('--refiner', problem)
  }
  if (!(blocks instanceof SequentialPipelineBlocks)) return blocks
  const parts = [...blocks.subBlocks]
  const last = parts.findLastIndex(([, block]) => block.intermediateOutputNames.includes(LATENTS))
  for (const [name] of parts.slice(last + 1)) blocks.subBlocks.delete(name)
  return blocks
}

/** @throws UnfitOptionError if the blocks that run with these inputs lack some of them */
function requireInputs(blocks: ModularPipelineBlocks, inputs: object, names: readonly string[], what: string): void {
  const given = dropUndefined(inputs as Record<string, unknown>)
  const running = blocks instanceof SequentialPipelineBlocks ? blocks.getExecutionBlocks(given) : blocks
  const known = running.inputs.map(({ name }) => name)
  const missing = names.find(name => !known.includes(name))
  if (missing === undefined) return
  const problem = `${what}: its blocks for these options have no input ${missing}. Leave out --refiner, or use other models.`
  throw new UnfitOptionError('--refiner', problem)
}

/** Hands those components to the refiner that it would load from the same place. */
function shareComponents(base: AnyPipeline, refiner: AnyPipeline): void {
  for (const name of refiner.pretrainedComponentNames) {
    const [here, there] = [base.getComponentSpec(name), refiner.getComponentSpec(name)]
    if (here === undefined || there?.pretrainedModelNameOrPath === undefined || !here.equals(there)) continue
    const component = componentOf(base, name)
    if (component !== undefined) refiner.updateComponents({ [name]: component })
  }
}

function componentOf(pipe: AnyPipeline, name: string): unknown {
  return (pipe.components as Readonly<Record<string, unknown>>)[name]
}

function dropUndefined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never // Of the same keys.
}
