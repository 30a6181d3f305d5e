/** What the environment says about the Hub. Counterpart: huggingface_hub constants.py and utils/_auth.py. */

import { homedir } from 'node:os'
import { join } from 'node:path'
import { absolutePath } from '../../src/files/absolute-path'
import { pathOf } from '../../src/files/path-of'
import { readText } from '../../src/files/read-text'
import { InvalidHubSettingError } from './hub-errors'

const DEFAULT_ENDPOINT = 'https://huggingface.co'
const TRUE = ['1', 'ON', 'YES', 'TRUE']

/** Address of the Hub, without a slash at its end: the given one, or `HF_ENDPOINT`. @throws InvalidHubSettingError */
export function hubEndpoint(given?: string): string {
  const endpoint = given ?? (process.env.HF_ENDPOINT || DEFAULT_ENDPOINT)
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new InvalidHubSettingError('the endpoint (HF_ENDPOINT)', 'must be an address such as https://huggingface.co')
  }
  const { username, password } = new URL(endpoint)
  if (username !== '' || password !== '') {
    const problem = 'must not contain a user name or a password, because error messages show it. Set HF_TOKEN instead'
    throw new InvalidHubSettingError('the endpoint (HF_ENDPOINT)', problem)
  }
  return endpoint.replace(/\/+$/, '')
}

/** Folder of the cache: the given one, `HF_HUB_CACHE`, or `hub` in `HF_HOME`. */
export function hubCacheFolder(given?: string | URL): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE } = process.env
  return absolutePath(
    expand((given && pathOf(given, 'cacheDir')) || HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || join(hubHome(), 'hub')),
  )
}

/** Whether no server may be asked: `HF_HUB_OFFLINE`. */
export function isOffline(): boolean {
  return isTrue(process.env.HF_HUB_OFFLINE || process.env.TRANSFORMERS_OFFLINE)
}

/** Whether the cache must do without symbolic links: `HF_HUB_DISABLE_SYMLINKS`. */
export function isWithoutSymlinks(): boolean {
  return isTrue(process.env.HF_HUB_DISABLE_SYMLINKS)
}

/**
 * The access token: the given one, `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, or what `hf auth login` has written. `undefined` if none exists.
 *
 * @throws InvalidHubSettingError for what can be no token; the error does not repeat it
 */
export async function hubToken(given?: string | false): Promise<string | undefined> {
  if (given === false) return undefined
  if (given !== undefined) return checkedToken(given, 'the token that was given')
  if (isTrue(process.env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const token = clean(process.env[name] ?? '')
    if (token !== '') return checkedToken(token, name)
  }
  const file = expand(process.env.HF_TOKEN_PATH || join(hubHome(), 'token'))
  const token = clean(await readTokenFile(file))
  return token === '' ? undefined : checkedToken(token, `the file ${file}`)
}

/** The text of the file; empty if it is missing. @throws InvalidHubSettingError for one that cannot be read */
async function readTokenFile(file: string): Promise<string> {
  try {
    return await readText(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw new InvalidHubSettingError(`the file of the token, ${file},`, `cannot be read: ${message}`)
  }
}

/** An option that is a number. @throws InvalidHubSettingError */
export function numberOption(name: string, value: number, { least, isWhole = false }: NumberRange): number {
  if (value >= least && (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value))) return value
  const wanted = `must be a ${isWhole ? 'whole ' : ''}number from ${least} up`
  throw new InvalidHubSettingError(`the option ${name}`, `${wanted}, but is ${String(value)}`)
}

interface NumberRange {
  least: number
  isWhole?: boolean
}

function hubHome(): string {
  const { HF_HOME, XDG_CACHE_HOME } = process.env
  return expand(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'))
}

/** A leading `~` and variables such as `$HOME`, as Python's expanduser() and expandvars() do. */
function expand(path: string): string {
  const home = path.replace(/^~(?=$|[/\\])/, () => homedir())
  return home.replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, plain, braced) => process.env[plain ?? braced] ?? all)
}

function clean(token: string): string {
  return token.replace(/[\r\n]/g, '').trim()
}

/** Anything else would be repeated in the error of fetch. */
function checkedToken(token: string, source: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new InvalidHubSettingError(source, 'holds invalid characters; expected one word such as hf_…')
}

function isTrue(value: string | undefined): boolean {
  return TRUE.includes((value ?? '').toUpperCase())
}
