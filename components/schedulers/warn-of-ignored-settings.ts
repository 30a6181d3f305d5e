/** Warns about settings that a scheduler ignores. */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import type { RawConfig } from '../configs/parse-config'
import { namedSettings } from '../configs/unread-keys'

/** Warns through the process, as Node's own warnings go, with the values; of the same settings once. */
export function warnOfIgnoredSettings(
  scheduler: string,
  keys: readonly string[],
  config: RawConfig,
  file?: string,
): void {
  if (keys.length === 0) return
  const place = file === undefined ? '' : `${file}: `
  const [settings, apply] = keys.length === 1 ? ['setting', 'does'] : ['settings', 'do']
  emitWarningOnce(
    'IGNORED_SETTINGS',
    `${place}${scheduler} ignores the ${settings} ${namedSettings(keys, config)}, which ${apply} not apply to it.`,
  )
}
