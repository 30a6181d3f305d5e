/** Tells of settings that were given to a scheduler that has no use for them. */
import { emitWarning } from '../../src/errors/emit-warning'
import { nameList } from '../../src/errors/text'

/** What has been told. */
const told = new Set<string>()

/** Warns through the process, as Node's own warnings go; of the same settings once. */
export function warnOfIgnoredSettings(scheduler: string, keys: readonly string[], file?: string): void {
  if (keys.length === 0) return
  const place = file === undefined ? '' : `${file}: `
  const settings = keys.length === 1 ? 'setting' : 'settings'
  const message = `${place}${scheduler} ignores the ${settings} ${nameList(keys)}, which ${keys.length === 1 ? 'does' : 'do'} not apply to it.`
  if (told.has(message)) return
  told.add(message)
  emitWarning('IGNORED_SETTINGS', message)
}
