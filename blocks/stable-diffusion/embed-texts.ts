/** Calls the text encoder as Stable Diffusion does. Counterpart: StableDiffusionPipeline.encode_prompt of diffusers. */
import { type CLIPTextInputs, type CLIPTextModel, type ModuleHook, tf } from '../../components'
import { InputTypeError, type RunContext } from '../../src'

/** What Stable Diffusion's text encoder makes of texts. */
export type EmbeddedTexts = {
  /** States behind the final norm `[texts, tokens, channels]`. */
  embeds: tf.Tensor3D
}

/** How texts are embedded. */
export interface EmbedTextsOptions {
  /** How many of the last layers to leave out. */
  readonly clipSkip?: number | undefined
  /** What adapters change in the text encoder. */
  readonly hooks: readonly ModuleHook[]
}

/**
 * Makes a function that embeds texts: it returns the states behind the final norm, of the last layer or of one before it.
 *
 * @throws InputTypeError if `clipSkip` leaves no layer
 */
export function textEmbedder(
  textEncoder: CLIPTextModel,
  { clipSkip, hooks }: EmbedTextsOptions,
  { signal, path }: RunContext,
): (inputs: CLIPTextInputs) => Promise<EmbeddedTexts> {
  return async inputs => {
    if (clipSkip === undefined) {
      const { lastHiddenState, ...others } = await textEncoder.call(inputs, { signal, hooks })
      tf.dispose(others)
      return { embeds: lastHiddenState }
    }
    const { hiddenStates, ...others } = await textEncoder.call(
      { ...inputs, outputHiddenStates: true },
      { signal, hooks },
    )
    const states = hiddenStates.at(-(clipSkip + 1))
    if (states === undefined) {
      const expected = `the text encoder has ${hiddenStates.length - 1} layers`
      throw new InputTypeError({ path, input: 'clipSkip', expected, value: clipSkip })
    }
    const normed = textEncoder.finalLayerNorm.forward(states)
    tf.dispose([hiddenStates, others])
    return { embeds: normed }
  }
}
