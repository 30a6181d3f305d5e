/** What `tesserae generate` calls a pipeline with: options become inputs, as far as its blocks declare them. */
import { makeGuider } from '../components/guiders/guider-names'
import type { Size } from './arguments'
import type { ControlInputs } from './controls'
import type { IPAdapterPictures } from './ip-adapters'
import type { AnyPipeline } from './open-pipeline'
import type { Pictures } from './read-pictures'
import type { T2IAdapterInputs } from './t2i-adapter'
import { UnfitOptionError } from './unfit-option-error'

/** The options that become inputs. */
export interface DrawingOptions {
  negative?: string
  /** The prompt and the negative prompt of a second text encoder. */
  prompt2?: string
  negative2?: string
  promptSyntax?: string
  steps?: number
  guidance?: number
  guider?: string
  size?: Size
  strength?: number
}

/** Inputs that are read from files. */
export interface GivenInputs extends Pictures, ControlInputs, IPAdapterPictures, T2IAdapterInputs {}

/** The inputs that they become. */
export interface DrawingInputs extends GivenInputs {
  prompt: string
  prompt2?: string
  negativePrompt?: string
  negativePrompt2?: string
  promptSyntax?: string
  numInferenceSteps?: number
  guidanceScale?: number
  width?: number
  height?: number
  strength?: number
  denoisingStart?: number
  denoisingEnd?: number
}

/** How errors name a pipeline. */
export interface PipelineNames {
  /** The option that names its model. */
  readonly option: string
  readonly pipeline: string
}

/** Denoising steps where no number is given. */
const DEFAULT_STEPS = 25

/** How closely the prompt is followed where neither a scale nor a guider is given. */
const DEFAULT_GUIDANCE = 4

/** What an option is to a pipeline. */
interface OptionInput {
  readonly option: string
  readonly input: keyof DrawingInputs
  /** What was given; `undefined` if nothing was. */
  readonly given: DrawingInputs[keyof DrawingInputs]
  /** What a pipeline that has the input is called with if nothing was given. */
  readonly otherwise?: string | number | undefined
}

/**
 * The inputs of a call. Options that were not given have defaults here for pipelines that take them.
 *
 * @throws UnfitOptionError for an option that the pipeline has no input for, for a strength without a picture, and for a scale that the guider does not
 * have
 * @throws UnfitOptionError for a pipeline that draws no pictures of prompts
 */
export function callInputs(
  pipe: AnyPipeline,
  prompt: string,
  options: DrawingOptions,
  pictures: GivenInputs = {},
  { option: source, pipeline }: PipelineNames = { option: '--model', pipeline: 'this pipeline' },
): DrawingInputs {
  const { blocks } = pipe
  if (!blocks.outputs.some(({ name }) => name === 'images')) {
    throw new UnfitOptionError(source, 'its pipeline has no output images, so it draws no picture. Use another model.')
  }
  const known = blocks.inputs.flatMap(({ name }) => name ?? [])
  const inputs: Record<string, unknown> = {}
  for (const { option, input, given, otherwise } of inputsOf(prompt, options, pictures)) {
    if (known.includes(input)) inputs[input] = given ?? otherwise
    else if (given !== undefined) {
      const problem = `${pipeline} has no input ${input}. It takes ${known.join(', ')}. Leave the option out, or use another model.`
      throw new UnfitOptionError(option, problem)
    }
  }
  return inputs as unknown as DrawingInputs // Built from its keys.
}

function inputsOf(prompt: string, options: DrawingOptions, pictures: GivenInputs): OptionInput[] {
  const { image, maskImage, controlImage, controlnetConditioningScale, controlMode, ipAdapterImage } = pictures
  const { negative, prompt2, negative2, promptSyntax, steps, guidance, guider, size, strength } = options
  if (strength !== undefined && image === undefined) {
    throw new UnfitOptionError('--strength', 'there is no picture to change. Add --image.')
  }
  if (guidance !== undefined && guider !== undefined && !('guidanceScale' in makeGuider(guider).config)) {
    const problem = `${guider} has no guidanceScale. Leave out --guidance, or name another guider.`
    throw new UnfitOptionError('--guidance', problem)
  }
  return [
    { option: 'The prompt', input: 'prompt', given: prompt },
    { option: '--prompt2', input: 'prompt2', given: prompt2 },
    { option: '--negative', input: 'negativePrompt', given: negative },
    { option: '--negative2', input: 'negativePrompt2', given: negative2 },
    { option: '--prompt-syntax', input: 'promptSyntax', given: promptSyntax },
    { option: '--image', input: 'image', given: image },
    { option: '--mask', input: 'maskImage', given: maskImage },
    { option: '--control', input: 'controlImage', given: controlImage },
    { option: '--control', input: 'controlnetConditioningScale', given: controlnetConditioningScale },
    { option: '--control-mode', input: 'controlMode', given: controlMode },
    { option: '--t2i-adapter', input: 'adapterImage', given: pictures.adapterImage },
    {
      option: '--t2i-adapter',
      input: 'adapterConditioningScale',
      given: pictures.adapterConditioningScale,
    },
    { option: '--ip-image', input: 'ipAdapterImage', given: ipAdapterImage },
    { option: '--strength', input: 'strength', given: strength },
    { option: '--steps', input: 'numInferenceSteps', given: steps, otherwise: DEFAULT_STEPS },
    {
      option: '--guidance',
      input: 'guidanceScale',
      given: guidance,
      // A guider that is named keeps its own scale.
      otherwise: guider === undefined ? DEFAULT_GUIDANCE : undefined,
    },
    { option: '--size', input: 'width', given: size?.width },
    { option: '--size', input: 'height', given: size?.height },
  ]
}
