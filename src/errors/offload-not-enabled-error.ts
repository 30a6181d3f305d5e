/** Something that needs automatic offload, which is off. */
import { ModularError } from './modular-error'

/** A strategy was to be replaced, but none is in use. */
export class OffloadNotEnabledError extends ModularError {
  override readonly code = 'OFFLOAD_NOT_ENABLED'

  constructor(method: string) {
    super(`ComponentsManager.${method}: automatic offload is off. Call enableAutoCpuOffload() first.`)
  }
}
