/** The settings of a tokenizer: `tokenizer_config.json` and `special_tokens_map.json`. Counterpart: transformers tokenization_utils_base.py (_from_pretrained) */
import { z } from 'zod'
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { printableName } from '../../src/errors/printable'
import type { RawConfig } from '../configs/parse-config'
import { warnOfUnreadKeys } from '../configs/unread-keys'
import { addedTokenSchema, plainToken, specialTokenSchema, type UnnumberedToken } from './added-token'

/** A side of a row. */
export type Side = 'left' | 'right'

const sideSchema = z.enum(['right', 'left'])
const extraTokensSchema = z.union([z.array(specialTokenSchema), z.record(z.string(), specialTokenSchema)])

const lengthSchema = z.number().min(3).refine(Number.isInteger, 'Invalid input: expected a whole number')

/** The roles of tokens that the class knows, in the order in which new ones get ids. */
const ROLES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token']

const settingsSchema = z.looseObject({
  tokenizer_class: z.string().nullish(),
  model_max_length: lengthSchema.nullish(),
  /** The older name of `model_max_length`. */
  max_len: lengthSchema.nullish(),
  padding_side: sideSchema.optional(),
  truncation_side: sideSchema.optional(),
  /** Whether special tokens in a text are read as plain text. */
  split_special_tokens: z.boolean().nullish(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), addedTokenSchema).optional(),
  additional_special_tokens: extraTokensSchema.nullish(),
  extra_special_tokens: extraTokensSchema.nullish(),
})

/** The tokens of roles that no file names. */
const DEFAULTS: Readonly<Record<string, string>> = {
  bos_token: '<|startoftext|>',
  eos_token: '<|endoftext|>',
  unk_token: '<|endoftext|>',
  pad_token: '<|endoftext|>',
}

/** A token of a role; `null` if the file states that there is none. */
export type Role = UnnumberedToken | null

/** The schema of both files. Tokens are special if their key ends with `_token`. */
export const tokenizerSettingsSchema = settingsSchema.transform((settings, context) => {
  const roles = new Map<string, Role>()
  for (const [key, value] of Object.entries(settings)) {
    if (!isTokenKey(key, value)) continue
    const parsed = specialTokenSchema.nullable().safeParse(value)
    if (parsed.success) roles.set(key, parsed.data)
    else
      for (const { message } of parsed.error.issues.slice(0, 1))
        context.addIssue({ code: 'custom', path: [key], message })
  }
  return { ...settings, roles }
})

/** What a file states, with its special tokens by their roles. */
export type TokenizerSettings = z.output<typeof tokenizerSettingsSchema>

/** What files hold besides, and nothing in Python that turns a text into ids reads. */
const WITHOUT_EFFECT = new Set([
  ...[
    'auto_map',
    'backend',
    'chat_template',
    'device_map',
    'errors',
    'files_loaded',
    'from_slow',
    'is_local',
    'legacy',
  ],
  ...[
    'local_files_only',
    'max_length',
    'merges_file',
    'model_input_names',
    'model_specific_special_tokens',
    'name_or_path',
  ],
  ...['pad_to_multiple_of', 'pad_token_type_id', 'processor_class', 'slow_tokenizer_class', 'special_tokens_map_file'],
  ...['stride', 'tokenizer_file', 'trust_remote_code', 'truncation_strategy', 'use_fast', 'verbose', 'vocab_file'],
  // Python cleans up no text of byte-pair tokens.
  'clean_up_tokenization_spaces',
])

/** Settings that Python's CLIPTokenizer ignores, with the value that it acts by. */
const FIXED: Readonly<Record<string, boolean>> = {
  add_bos_token: true,
  add_eos_token: true,
  add_prefix_space: false,
  clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output: false,
  do_lower_case: true,
}

/**
 * The special tokens by their roles, in the order in which new ones get ids.
 *
 * @param map `special_tokens_map.json`, whose roles have the last word where it is read
 */
export function rolesOf(config: TokenizerSettings, map?: TokenizerSettings): Map<string, Role> {
  const roles = new Map<string, Role>()
  for (const role of ROLES) {
    const token = map?.roles.has(role) ? map.roles.get(role) : config.roles.get(role)
    const text = DEFAULTS[role]
    if (token !== undefined) roles.set(role, token)
    else if (text !== undefined) roles.set(role, plainToken(text, true))
  }
  const named = (settings?: TokenizerSettings) => {
    const extra = settings?.extra_special_tokens
    return extra && !Array.isArray(extra) ? Object.entries(extra) : []
  }
  for (const [key, token] of [...(map?.roles ?? []), ...config.roles, ...named(config), ...named(map)]) {
    if (!ROLES.includes(key)) roles.set(key, token)
  }
  return roles
}

/** The texts of the tokens to which a file gives a role of {@link ROLES}, and of special tokens without a role. */
export function textsOfStatedRoles(config: TokenizerSettings, map?: TokenizerSettings): Set<string> {
  const stated = ROLES.map(role => (map?.roles.has(role) ? map.roles.get(role) : config.roles.get(role)))
  return new Set([...stated, ...extraTokensOf(config, map)].flatMap(token => (token ? [token.content] : [])))
}

/** Special tokens without a role. */
export function extraTokensOf(config: TokenizerSettings, map?: TokenizerSettings): UnnumberedToken[] {
  const listOf = (tokens: TokenizerSettings['extra_special_tokens']) => (Array.isArray(tokens) ? tokens : [])
  const stated = config.extra_special_tokens ?? config.additional_special_tokens ?? undefined
  const extra = map?.extra_special_tokens ?? undefined
  if (stated === undefined && extra === undefined) return listOf(map?.additional_special_tokens)
  return [...listOf(stated), ...listOf(extra)]
}

/** Whether a key names a special token: a role, or any other key with a text or flags of a token. */
function isTokenKey(key: string, value: unknown): boolean {
  if (ROLES.includes(key)) return true
  return key.endsWith('_token') && (typeof value === 'string' || (typeof value === 'object' && value !== null))
}

/** Warns, once in a process, of settings that are not followed and of keys that are not read. */
export function warnOfTokenizerSettings(config: RawConfig, file: string): void {
  const component = 'CLIPTokenizer'
  const fixed = Object.keys(FIXED).filter(key => Object.hasOwn(config, key) && config[key] !== FIXED[key])
  for (const key of fixed) {
    const value = printableName(JSON.stringify(config[key]) ?? '')
    const message = `${file}: ${component} ignores "${key}" (${value}), as transformers 5 does, and uses ${FIXED[key]}.`
    emitWarningOnce('IGNORED_SETTINGS', message)
  }
  const unread = Object.keys(config).filter(key => {
    if (Object.hasOwn(settingsSchema.shape, key) || WITHOUT_EFFECT.has(key) || Object.hasOwn(FIXED, key)) return false
    return !key.startsWith('_') && !isTokenKey(key, config[key]) && !isNothing(config[key])
  })
  warnOfUnreadKeys(unread, config, { component, file })
}

function isNothing(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value as object).length === 0)
}
