/** Reports the keys of a config that no code reads. */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { printableName, printableValue } from '../../src/errors/printable'

/** How many keys a warning names. */
const MOST_KEYS = 10
/** Characters of a value that a warning shows. */
const LONGEST_VALUE = 60

type Settings = Readonly<Record<string, unknown>>

/** Who ignores the keys. */
interface Reader {
  /** Name of the component's class. */
  readonly component: string
  /** The file that holds the config, if there is one. */
  readonly file?: string | undefined
}

/** Warns, once in a process, of keys of a config that are ignored, with their values. */
export function warnOfUnreadKeys(keys: readonly string[], config: Settings, { component, file }: Reader): void {
  if (keys.length === 0) return
  const settings = keys.length === 1 ? 'setting' : 'settings'
  emitWarningOnce(
    'UNREAD_CONFIG_KEYS',
    `${file ?? 'config'}: ${component} ignores the unknown ${settings} ${namedSettings(keys, config)}.`,
  )
}

/** Keys with their values, in quotes and bounded in number and length. */
export function namedSettings(keys: readonly string[], config: Settings): string {
  const named = keys
    .slice(0, MOST_KEYS)
    .map(key => `"${printableName(key)}" (${printableValue(config[key], LONGEST_VALUE)})`)
  const rest = keys.length > MOST_KEYS ? ` and ${keys.length - MOST_KEYS} more` : ''
  return `${named.join(', ')}${rest}`
}
