/** Calls a text encoder as Stable Diffusion XL does. Counterpart: StableDiffusionXLPipeline.encode_prompt of diffusers. */
import {
  type CLIPTextInputs,
  type CLIPTextModel,
  CLIPTextModelWithProjection,
  type ModuleHook,
  tf,
} from '../../components'
import { InputTypeError, type RunContext } from '../../src'

/** What one text encoder makes of texts. */
export type EmbeddedTextsXL = {
  /** States of the last layer but one, without the final norm `[texts, tokens, channels]`. */
  embeds: tf.Tensor3D
  /** The pooled output: projected `[texts, projectionDim]`, or as it is `[texts, channels]`. */
  pooled: tf.Tensor2D
}

/** How texts are embedded. */
export interface EmbedTextsXLOptions {
  /** How many layers more to leave out. */
  readonly clipSkip: number
  /** What adapters change in the text encoder. */
  readonly hooks: readonly ModuleHook[]
}

/**
 * Makes a function that embeds texts: it returns the states of the last layer but one, or of one before it, and the pooled output of all layers.
 *
 * @throws InputTypeError if `clipSkip` leaves no layer
 */
export function textEmbedderXL(
  textEncoder: CLIPTextModel | CLIPTextModelWithProjection,
  { clipSkip, hooks }: EmbedTextsXLOptions,
  { signal, path }: RunContext,
): (inputs: CLIPTextInputs) => Promise<EmbeddedTextsXL> {
  return async inputs => {
    const given = { ...inputs, outputHiddenStates: true }
    const { hiddenStates, lastHiddenState, pooled } =
      textEncoder instanceof CLIPTextModelWithProjection
        ? renamed(await textEncoder.call(given, { signal, hooks }), 'textEmbeds')
        : renamed(await textEncoder.call(given, { signal, hooks }), 'poolerOutput')
    const embeds = hiddenStates.at(-(clipSkip + 2))
    if (embeds === undefined) {
      const expected = `the text encoder has ${hiddenStates.length - 1} layers, and the last one is left out in any case`
      throw new InputTypeError({ path, input: 'clipSkip', expected, value: clipSkip })
    }
    tf.dispose([hiddenStates.filter(states => states !== embeds), lastHiddenState])
    return { embeds, pooled }
  }
}

interface States {
  readonly hiddenStates: tf.Tensor3D[]
  readonly lastHiddenState: tf.Tensor3D
}

/** The output of a text encoder, with the pooled one under one name. */
function renamed<K extends string>(
  output: States & Record<K, tf.Tensor2D>,
  pooled: K,
): States & { pooled: tf.Tensor2D } {
  const { hiddenStates, lastHiddenState } = output
  return { hiddenStates, lastHiddenState, pooled: output[pooled] }
}
