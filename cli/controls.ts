/** `tesserae generate --control`: pictures that the result follows, and the ControlNets that look at them. */
import { ControlNet, ControlNetModel, type Image, MultiControlNetModel } from '../components'
import type { Executor } from '../components/executors/executor'
import { ComponentSpec } from '../src'
import { isSingleFile } from '../src/hub/single-file-source'
import type { Control } from './control-arguments'
import { type LoadingAccess, repositoryOptions } from './load-model'
import { modelName } from './model-name'
import type { ModelOptions } from './model-options'
import type { AnyPipeline } from './open-pipeline'
import { pictureName, readPicture } from './read-pictures'
import { requireComponent } from './require-component'
import { UnfitOptionError } from './unfit-option-error'

/** The options that say what the result follows. */
export interface ControlOptions {
  control?: readonly Control[]
  /** The kind of each picture, for union ControlNets. */
  controlMode?: readonly number[]
}

/** The inputs that they become. */
export interface ControlInputs {
  controlImage?: Image | Image[]
  controlnetConditioningScale?: number[]
  controlMode?: number[]
}

/**
 * Reads the pictures.
 *
 * @throws UnfitOptionError for kinds that do not go with the pictures; MissingFileError, InvalidImageError, ImageDownloadError
 */
export async function readControls(
  { control = [], controlMode = [] }: ControlOptions,
  signal?: AbortSignal,
): Promise<ControlInputs> {
  if (controlMode.length > 0 && controlMode.length !== control.length) {
    const problem = `there are ${controlMode.length} kinds for ${control.length} pictures. Name one for each --control.`
    throw new UnfitOptionError('--control-mode', problem)
  }
  if (controlMode.length > 0 && new Set(control.map(({ net }) => net)).size > 1) {
    throw new UnfitOptionError(
      '--control-mode',
      'it is for one ControlNet that knows several kinds. Name the same one.',
    )
  }
  if (control.length === 0) return {}
  const images: Image[] = []
  for (const { image } of control) images.push(await readPicture(image, signal))
  const isSingle = images.length === 1 && controlMode.length === 0
  const hasScale = control.some(({ scale }) => scale !== undefined)
  return {
    controlImage: isSingle ? (images[0] as Image) : images,
    ...(hasScale && { controlnetConditioningScale: control.map(({ scale = 1 }) => scale) }),
    ...(controlMode.length > 0 && { controlMode: [...controlMode] }),
  }
}

/** Names a model that looks at a picture, and the picture, in the record of a run, without what may be secret in addresses. */
export function controlName({ net, image, scale }: Control): string {
  return [modelName(net), pictureName(image), ...(scale === undefined ? [] : [scale])].join(':')
}

/**
 * Puts the ControlNets into a pipeline, before its other components are loaded.
 *
 * @returns what disposes those that the pipeline does not own
 * @throws UnfitOptionError for a pipeline that follows no pictures; what loading a ControlNet throws
 */
export async function useControlNets(
  pipe: AnyPipeline,
  options: ControlOptions & ModelOptions,
  executor: Executor,
  access: LoadingAccess,
): Promise<() => void> {
  const { control = [], controlMode = [] } = options
  const [first] = control
  if (first === undefined) return () => undefined
  requireComponent(pipe, '--control', 'controlnet')
  if (control.length === 1 || controlMode.length > 0) {
    // The pipeline loads it with the others.
    const place = { name: 'controlnet', typeHint: ControlNet, pretrainedModelNameOrPath: first.net }
    pipe.updateComponents({ controlnet: new ComponentSpec(place) })
    return () => undefined
  }
  const nets: ControlNetModel[] = []
  const dispose = () => {
    for (const net of nets) net.dispose()
  }
  try {
    const repository = { ...repositoryOptions(options, access), executor }
    for (const { net } of control) {
      const model = isSingleFile(net)
        ? await ControlNetModel.fromSingleFile(net, repository)
        : await ControlNetModel.fromPretrained(net, repository)
      nets.push(model)
    }
    pipe.updateComponents({ controlnet: new MultiControlNetModel(nets) })
    return dispose
  } catch (error) {
    dispose()
    throw error
  }
}
