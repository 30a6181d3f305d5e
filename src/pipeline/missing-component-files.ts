/** Components that a pipeline goes without because their files are missing. */
import { emitWarningOnce } from '../errors/emit-warning'
import { ModularError } from '../errors/modular-error'
import { nameList } from '../errors/text'

/** Whether a component failed to load because its files are missing: there is not even a variant of its weights. */
export function lacksFiles(error: unknown): error is ModularError {
  if (!(error instanceof ModularError) || error.code !== 'MISSING_FILE') return false
  const { found = [] } = error as { found?: readonly string[] }
  return !found.some(name => name.endsWith('.safetensors'))
}

/**
 * Warns once that components are left out.
 *
 * @param names the component whose files are missing, and those that are of no use without it
 * @param consequence what follows, as a sentence
 */
export function warnOfLeftOut(names: readonly string[], consequence: string, cause: ModularError): void {
  const [name] = names
  const which = names.length === 1 ? `The component ${name} is` : `The components ${nameList(names)} are`
  const advice = `Add the files, or pass { ${name}: null } to updateComponents() before loading to avoid this warning.`
  const message = `${which} left out, because files of ${name} are missing (${cause.message.replace(/\.$/, '')}). ${consequence} ${advice}`
  emitWarningOnce('MISSING_COMPONENT_FILES', message)
}
