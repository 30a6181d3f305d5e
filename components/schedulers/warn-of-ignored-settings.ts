/** Tells of settings that were given to a scheduler that has no use for them. */
import { emitWarningOnce } from '../../src/errors/emit-warning'
import { nameList } from '../../src/errors/text'

/** Warns, once in a process, of settings that a scheduler ignores. */
export function warnOfIgnoredSettings(scheduler: string, keys: readonly string[], file?: string): void {
  if (keys.length === 0) return
  const place = file === undefined ? '' : `${file}: `
  const settings = keys.length === 1 ? 'setting' : 'settings'
  const message = `${place}${scheduler} ignores the ${settings} ${nameList(keys)}, which ${keys.length === 1 ? 'does' : 'do'} not apply to it.`
  emitWarningOnce('IGNORED_SETTINGS', message)
}
