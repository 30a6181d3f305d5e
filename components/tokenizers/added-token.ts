/** A token that is found in a text before the rest is cut into pieces. Counterpart: tokenizers, AddedToken */
import { z } from 'zod'

/** Characters of an added token. */
export const LONGEST_ADDED_TOKEN = 1000

/** A token that stands for itself. */
export interface AddedToken {
  /** Its text. */
  readonly content: string
  readonly id: number
  /** `true`: found in the lower-cased text; `false`: in the text as it was given. */
  readonly normalized: boolean
  /** Steers the model and is not a part of the text. */
  readonly special: boolean
  /** Takes the white space before it along. */
  readonly lstrip: boolean
  /** Takes the white space after it along. */
  readonly rstrip: boolean
  /** Is not found inside of a word. */
  readonly singleWord: boolean
}

/** An added token whose id is not known yet. */
export type UnnumberedToken = Omit<AddedToken, 'id'>

const content = z.string().min(1).max(LONGEST_ADDED_TOKEN)

const flagsSchema = z.object({
  content,
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
})

/** An entry of `added_tokens_decoder`, or of `added_tokens` of a `tokenizer.json`. */
export const addedTokenSchema = flagsSchema.transform(flags => tokenOf(flags))

/** An entry of `added_tokens` of a `tokenizer.json`. */
export function numberedTokenSchema(id: z.ZodType<number>) {
  return flagsSchema.extend({ id }).transform(({ id, ...flags }): AddedToken => ({ ...tokenOf(flags), id }))
}

/** A token with a role: its text alone, or with flags. It is special in any case. */
export const specialTokenSchema = z
  .union([flagsSchema, content.transform(content => flagsSchema.parse({ content }))])
  .transform(flags => tokenOf({ ...flags, special: true }))

/** The token of a text alone. */
export function plainToken(content: string, special: boolean): UnnumberedToken {
  return tokenOf({ content, normalized: undefined, special, lstrip: false, rstrip: false, single_word: false })
}

function tokenOf({ single_word, normalized, ...flags }: z.output<typeof flagsSchema>): UnnumberedToken {
  return { ...flags, normalized: normalized ?? !flags.special, singleWord: single_word }
}

/** The flags of a token, as files hold them. */
export function tokenFlags({ content, lstrip, normalized, rstrip, singleWord, special }: UnnumberedToken): object {
  return { content, lstrip, normalized, rstrip, single_word: singleWord, special }
}
