/** The textual inversions of a pipeline. */
import { CLIPTextModel } from '../../models/clip-text/clip-text-model'
import { CLIPTextModelWithProjection } from '../../models/clip-text/clip-text-model-with-projection'
import type { ModuleHook } from '../../models/hooks/module-hook'
import type { PretrainedModel } from '../../models/pretrained-model'
import type { CLIPTokenizer } from '../../tokenizers/clip-tokenizer'
import type { AdaptedCall, AdapterSet } from '../adapters'
import type { SharedWeights } from '../shared-weights'
import type { ConceptModel, ConceptVectors } from './concept-vectors'
import type { ConceptEncoder } from './read-embeddings'
import { TextualInversionError } from './textual-inversion-error'

/** The kind of set that textual inversions are among a pipeline's adapters. */
export const TEXTUAL_INVERSION = 'textualInversion'

/** A concept as one text encoder knows it. */
export interface LearnedConcept {
  /** The word for it in prompts. */
  readonly token: string
  readonly file: string
  readonly encoder: ConceptEncoder
  readonly vectors: ConceptVectors
  readonly weights: SharedWeights
}

/** Whether a model is a text encoder that concepts can be added to. */
export function takesConcepts(model: PretrainedModel): model is ConceptModel {
  return model instanceof CLIPTextModel || model instanceof CLIPTextModelWithProjection
}

/** The tokens of a concept: `<toy>`, `<toy>_1`, … */
export function conceptTokens(token: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? token : `${token}_${i}`))
}

/** The textual inversions of a pipeline as they are at one time. */
export class TextualInversionSet implements AdapterSet {
  private readonly tokenizers = new Map<string, WeakMap<CLIPTokenizer, CLIPTokenizer>>()

  constructor(readonly concepts: readonly LearnedConcept[]) {}

  get weights(): readonly SharedWeights[] {
    return this.concepts.map(({ weights }) => weights)
  }

  hooksFor({ component, model }: AdaptedCall): readonly ModuleHook[] {
    return this.of(component).map(({ file, vectors }) => {
      if (takesConcepts(model) && model.config.hiddenSize === vectors.width) return vectors.hookOf(model)
      const detail = `its vectors have ${vectors.width} numbers, and the ${component} was replaced by one that takes others. Unload it.`
      throw new TextualInversionError(file, 'replaced-component', detail)
    })
  }

  tokenizerFor(component: string, tokenizer: CLIPTokenizer): CLIPTokenizer {
    const concepts = this.of(component)
    if (concepts.length === 0) return tokenizer
    const made = this.tokenizers.get(component) ?? new WeakMap<CLIPTokenizer, CLIPTokenizer>()
    this.tokenizers.set(component, made)
    const extended = made.get(tokenizer) ?? extend(tokenizer, concepts)
    made.set(tokenizer, extended)
    return extended
  }

  /** The concepts that a text encoder knows. */
  of(component: string): LearnedConcept[] {
    return this.concepts.filter(({ encoder }) => encoder === component)
  }
}

/** @throws TextualInversionError for a tokenizer with which the ids of the vectors stand for something else */
function extend(tokenizer: CLIPTokenizer, concepts: readonly LearnedConcept[]): CLIPTokenizer {
  const tokens = new Map<string, number>()
  const end = tokenizer.endOfIds
  for (const { token, file, vectors } of concepts) {
    for (const [i, each] of conceptTokens(token, vectors.count).entries()) {
      if (vectors.first < end || tokenizer.hasToken(each)) {
        const detail = `the tokenizer was replaced by one with other tokens after the file was loaded. Unload it and load it again.`
        throw new TextualInversionError(file, 'replaced-component', detail)
      }
      tokens.set(each, vectors.first + i)
    }
  }
  return tokenizer.withTokens(tokens)
}
