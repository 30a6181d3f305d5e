/** Teaches the text encoders of a pipeline new words. Counterpart: loaders/textual_inversion.py (TextualInversionLoaderMixin) */
import { printableName } from '../../../src/errors/printable'
import type { ModularPipeline } from '../../../src/pipeline/modular-pipeline'
import { PretrainedModel } from '../../models/pretrained-model'
import { LONGEST_ADDED_TOKEN } from '../../tokenizers/added-token'
import { CLIPTokenizer } from '../../tokenizers/clip-tokenizer'
import { adaptersOf, missingComponent } from '../adapted-pipeline'
import { type AdapterPlace, findAdapterFile } from '../find-adapter-file'
import { SharedWeights } from '../shared-weights'
import { type ConceptModel, ConceptVectors } from './concept-vectors'
import { type ConceptEncoder, readEmbeddings, type VectorsInFile } from './read-embeddings'
import { TextualInversionError } from './textual-inversion-error'
import {
  conceptTokens,
  type LearnedConcept,
  TEXTUAL_INVERSION,
  TextualInversionSet,
  takesConcepts,
} from './textual-inversion-set'

/** Options of {@link loadTextualInversion}. The usual name of a file is `learned_embeds.safetensors`. */
export interface LoadTextualInversionOptions extends AdapterPlace {
  /** The word for the concept in prompts. Default: that of the file; where it holds none, its name without the ending. */
  token?: string | undefined
  /** The only text encoder to teach, of a pipeline with two. Default: all that the file has vectors for. */
  textEncoder?: ConceptEncoder | undefined
}

/** A text encoder of a pipeline with its tokenizer. */
interface TextPair {
  readonly model: ConceptModel
  readonly tokenizer: CLIPTokenizer
}

type TextPairs = ReadonlyMap<ConceptEncoder, TextPair>

const TOKENIZERS: Readonly<Record<ConceptEncoder, string>> = { textEncoder: 'tokenizer', textEncoder2: 'tokenizer2' }

/**
 * Teaches the text encoders of a pipeline a word, for the runs that begin afterwards. A file of several vectors adds as many tokens, and the word in a prompt stands for
 * all of them. Other pipelines that share the text encoders or the tokenizers do not see it.
 *
 * ```ts
 * await loadTextualInversion(pipe, 'cat-toy.safetensors', { token: '<cat-toy>' })
 * ```
 *
 * @param source - a .safetensors file, a folder that holds one, or the id of a repository
 * @returns the word
 * @throws TextualInversionError for a file that does not fit the text encoders or is damaged, and for a word that is known already; MissingComponentError before the text
 * encoders are loaded; ComponentTypeError for a pipeline without adapters; PickleCheckpointError; SafetensorsError; what fetching throws. Nothing has changed then.
 */
export async function loadTextualInversion(
  pipe: ModularPipeline,
  source: string | URL,
  { token: given, textEncoder, ...place }: LoadTextualInversionOptions = {},
): Promise<string> {
  const adapters = adaptersOf(pipe)
  textPairs(pipe, textEncoder)
  const file = await findAdapterFile(source, place, {
    usualName: 'learned_embeds.safetensors',
    refuse: (path, detail) => new TextualInversionError(path, 'no-file', detail),
  })
  const { token: stated, vectors } = await readEmbeddings(file, place.signal)
  const token = given ?? stated
  // Others may have been loaded while this one was read.
  const set = textualInversionsOf(pipe)
  const pairs = textPairs(pipe, textEncoder)
  const placed = placeVectors(file, vectors, pairs, textEncoder)
  const concepts = placed.map(([encoder, own]): LearnedConcept => {
    const pair = pairs.get(encoder) as TextPair // Vectors are placed where there is one.
    const first = requireFit({ file, token, encoder, vectors: own }, pair, set)
    const learned = new ConceptVectors(own, first)
    return { token, file, encoder, vectors: learned, weights: new SharedWeights([learned]) }
  })
  adapters.set(TEXTUAL_INVERSION, new TextualInversionSet([...set.concepts, ...concepts]))
  return token
}

/**
 * Makes the text encoders of a pipeline forget words, for the runs that begin afterwards.
 *
 * @param tokens - one word, or several. Default: all
 * @throws TextualInversionError for a word that was not loaded. Nothing has changed then.
 */
export function unloadTextualInversion(pipe: ModularPipeline, tokens?: string | readonly string[]): void {
  const { concepts } = textualInversionsOf(pipe)
  const known = new Set(concepts.map(({ token }) => token))
  const gone = tokens === undefined ? known : new Set([tokens].flat())
  for (const token of gone) {
    if (known.has(token)) continue
    const names = [...known].map(name => `"${printableName(name)}"`).join(', ') || 'none'
    throw new TextualInversionError(printableName(token), 'not-loaded', `no such word was loaded. There are: ${names}.`)
  }
  const rest = concepts.filter(({ token }) => !gone.has(token))
  adaptersOf(pipe).set(TEXTUAL_INVERSION, rest.length === 0 ? undefined : new TextualInversionSet(rest))
}

function textualInversionsOf(pipe: ModularPipeline): TextualInversionSet {
  return adaptersOf(pipe).get<TextualInversionSet>(TEXTUAL_INVERSION) ?? new TextualInversionSet([])
}

/** The text encoders that are loaded. @throws MissingComponentError if none exists, or not the one that is asked for */
function textPairs(pipe: ModularPipeline, asked: ConceptEncoder | undefined): TextPairs {
  const components = pipe.components as Readonly<Record<string, unknown>>
  const pairs = new Map<ConceptEncoder, TextPair>()
  for (const encoder of ['textEncoder', 'textEncoder2'] as const) {
    const [model, tokenizer] = [components[encoder], components[TOKENIZERS[encoder]]]
    if (!(model instanceof PretrainedModel && takesConcepts(model) && tokenizer instanceof CLIPTokenizer)) continue
    pairs.set(encoder, { model, tokenizer })
  }
  const missing = asked === undefined ? pairs.size === 0 && 'textEncoder' : !pairs.has(asked) && asked
  if (missing === false) return pairs
  throw missingComponent(pipe, components[missing] === undefined ? missing : TOKENIZERS[missing], undefined)
}

/** Says which vectors are for which text encoder. @throws TextualInversionError */
function placeVectors(
  file: string,
  vectors: readonly VectorsInFile[],
  pairs: TextPairs,
  asked: ConceptEncoder | undefined,
): (readonly [ConceptEncoder, VectorsInFile])[] {
  const refuse = (detail: string) => new TextualInversionError(file, 'wrong-model', detail)
  const [only] = vectors as readonly [VectorsInFile] // A file has at least one.
  if (only.encoder === undefined) {
    const [encoder, ...others] = asked === undefined ? pairs.keys() : [asked]
    if (encoder !== undefined && others.length === 0) return [[encoder, only]]
    throw refuse(
      'has vectors for one text encoder, and this pipeline has two. Use a file for Stable Diffusion XL, with clip_l and clip_g, or pass textEncoder with the encoder that the file is for.',
    )
  }
  const wanted = asked === undefined ? vectors : vectors.filter(({ encoder }) => encoder === asked)
  const placed = wanted.flatMap(each => {
    const { encoder } = each
    return encoder !== undefined && pairs.has(encoder) ? [[encoder, each] as const] : []
  })
  const keys = vectors.map(({ key }) => key).join(' and ')
  const isForXL = vectors.some(({ encoder }) => encoder === 'textEncoder2')
  if (placed.length === 0) {
    const missing = asked ?? [...pairs.keys()].join(', ')
    throw refuse(`holds ${keys}, and nothing for the ${missing}. Use a file for this model.`)
  }
  if (isForXL && asked === undefined && !pairs.has('textEncoder2')) {
    throw refuse(`holds ${keys}, for the two text encoders of Stable Diffusion XL. Use a file for this model.`)
  }
  return placed
}

/** Returns the id of the first vector. @throws TextualInversionError */
function requireFit(
  { file, token, encoder, vectors }: Pick<LearnedConcept, 'file' | 'token' | 'encoder'> & { vectors: VectorsInFile },
  { model, tokenizer }: TextPair,
  set: TextualInversionSet,
): number {
  const { hiddenSize } = model.config
  const { width, count, key } = vectors
  if (width !== hiddenSize) {
    const made = MADE_FOR[width]
    const detail = `"${printableName(key)}" has vectors of ${width} numbers${made ? `, as ${made} has them` : ''}; the ${encoder} of this pipeline takes ${hiddenSize}. Use a file for this model.`
    throw new TextualInversionError(file, 'wrong-model', detail)
  }
  const most = tokenizer.modelMaxLength - 2
  if (count > most) {
    const detail = `has ${count} vectors, and a prompt holds ${most} tokens.`
    throw new TextualInversionError(file, 'not-an-embedding', detail)
  }
  const refuse = (detail: string) => {
    const name = `the word "${printableName(token)}"`
    return new TextualInversionError(
      file,
      'token',
      `${name} ${detail} Choose another one, e.g. with token: '<concept>'.`,
    )
  }
  if (token.trim() !== token || token === '') throw refuse('is empty, or has white space around it.')
  if (token.length + 4 > LONGEST_ADDED_TOKEN) throw refuse('is too long.')
  const own = set.of(encoder)
  const loaded = new Set(own.flatMap(each => conceptTokens(each.token, each.vectors.count + 1)))
  // With one name more than there are vectors: a token of that name would become a vector of the concept.
  for (const name of conceptTokens(token, count + 1)) {
    if (loaded.has(name)) throw refuse(`is taken: "${printableName(name)}" belongs to a word that was loaded already.`)
    if (tokenizer.hasToken(name)) throw refuse(`is taken: the tokenizer knows "${printableName(name)}" already.`)
  }
  return Math.max(tokenizer.endOfIds, ...own.map(each => each.vectors.first + each.vectors.count))
}

/** Families by the widths of their text encoders. */
const MADE_FOR: Readonly<Record<number, string>> = {
  768: 'Stable Diffusion 1',
  1024: 'Stable Diffusion 2',
  1280: 'the second text encoder of Stable Diffusion XL',
}
