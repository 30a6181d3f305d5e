/** Which tokens a tokenizer has besides its vocabulary. Counterpart: transformers tokenization_utils_base.py (_from_pretrained), tokenization_utils_tokenizers.py (__init__) */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { printableName } from '../../src/errors/printable'
import { type AddedToken, plainToken, type UnnumberedToken } from './added-token'
import { InvalidTokenizerError } from './invalid-tokenizer-error'
import { numberAddedTokens } from './number-added-tokens'
import { extraTokensOf, rolesOf, type TokenizerSettings, textsOfStatedRoles } from './tokenizer-settings'

/** Characters of all added tokens together. */
const LONGEST_ADDED_TOKENS = 200_000

/** How many tokens a warning names. */
const MOST_NAMED = 10

/** What the files of a folder state of tokens. */
export interface StatedTokens {
  readonly settings: TokenizerSettings
  /** `special_tokens_map.json`, if it is read. */
  readonly map: TokenizerSettings | undefined
  /** `added_tokens.json`, if it is read. */
  readonly addedIds: Readonly<Record<string, number>> | undefined
  /** `added_tokens` of `tokenizer.json`, if it is read. */
  readonly ofTokenizerJson: readonly AddedToken[] | undefined
  readonly vocab: Readonly<Record<string, number>>
}

/** All added tokens, and those with a role of CLIP. */
export interface CollectedTokens {
  addedTokens: AddedToken[]
  bosToken: AddedToken
  eosToken: AddedToken
  unkToken: AddedToken
  padToken: AddedToken
}

/**
 * Collects the added tokens with their ids: those that are listed, in the order of their ids, then new ones with a role, then other special ones.
 *
 * @throws InvalidTokenizerError if the start, end or unknown token is missing from the vocabulary, or the start, end or padding token is null
 */
export function collectAddedTokens(folder: string, stated: StatedTokens): CollectedTokens {
  const { settings, map, vocab } = stated
  const roles = rolesOf(settings, map)
  for (const [role, token] of roles) {
    if (token !== null || !REQUIRED.includes(role)) continue
    const problem = `"${role}" is null, and a CLIP tokenizer needs one. State the text of a token, such as "<|endoftext|>".`
    throw new InvalidTokenizerError(folder, problem)
  }
  const unnamed = (role: string) => roles.get(role) ?? plainToken('<|endoftext|>', true)
  const special = [...roles.values(), unnamed('unk_token'), ...extraTokensOf(settings, map)].filter(
    role => role !== null,
  )
  const specialTexts = new Set(special.map(token => token.content))

  const listed = settings.added_tokens_decoder
    ? Object.entries(settings.added_tokens_decoder).map(([id, token]) => ({ ...token, id: Number(id) }))
    : mergeTokens(stated)
  const listedTexts = new Set(listed.map(token => token.content))
  for (const role of ['bos_token', 'eos_token', 'unk_token']) {
    const { content } = unnamed(role)
    // Any other token may be new. Without these the vocabulary is that of another model, or cut off.
    if (Object.hasOwn(vocab, content) || listedTexts.has(content)) continue
    throw new InvalidTokenizerError(folder, `the vocabulary lacks the ${role} "${printableName(content)}".`)
  }
  const addedTokens = numberAddedTokens(
    [
      ...listed
        .sort((a, b) => a.id - b.id)
        .map(({ id, ...token }) => ({ ...token, special: token.special || specialTexts.has(token.content) })),
      ...special.filter(token => !listedTexts.has(token.content)),
    ],
    vocab,
  )
  if (addedTokens.reduce((sum, { content }) => sum + content.length, 0) > LONGEST_ADDED_TOKENS) {
    throw new InvalidTokenizerError(folder, `its added tokens have more than ${LONGEST_ADDED_TOKENS} characters.`)
  }
  const byText = new Map(addedTokens.map(token => [token.content, token]))
  warnOfOtherIds(folder, listed, byText)
  const tokenOf = (role: string) => byText.get(unnamed(role).content) as AddedToken
  return {
    addedTokens,
    bosToken: tokenOf('bos_token'),
    eosToken: tokenOf('eos_token'),
    unkToken: tokenOf('unk_token'),
    padToken: tokenOf('pad_token'),
  }
}

/** Roles without which no text can be encoded. */
const REQUIRED = ['bos_token', 'eos_token', 'pad_token']

/** The tokens of `added_tokens.json`, of which only the text is stated, and those of `tokenizer.json`, which have the last word. */
function mergeTokens({ settings, map, addedIds = {}, ofTokenizerJson = [] }: StatedTokens): AddedToken[] {
  const special = textsOfStatedRoles(settings, map)
  const byId = new Map<number, AddedToken>()
  for (const [content, id] of Object.entries(addedIds))
    byId.set(id, { ...plainToken(content, special.has(content)), id })
  for (const token of ofTokenizerJson) byId.set(token.id, token)
  return [...byId.values()]
}

function warnOfOtherIds(
  folder: string,
  listed: readonly AddedToken[],
  byText: ReadonlyMap<string, UnnumberedToken & { id: number }>,
): void {
  const moved = listed.filter(({ content, id }) => byText.get(content)?.id !== id)
  if (moved.length === 0) return
  const named = moved.slice(0, MOST_NAMED).map(({ content, id }) => {
    return `"${printableName(content)}" (${byText.get(content)?.id ?? 'none'} instead of ${id})`
  })
  const rest = moved.length > MOST_NAMED ? ` and ${moved.length - MOST_NAMED} more` : ''
  emitWarningOnce(
    'OTHER_TOKEN_IDS',
    `${folder}: added tokens get the ids that follow the vocabulary, as in transformers 5, instead of the ids in the file: ${named.join(', ')}${rest}.`,
  )
}
