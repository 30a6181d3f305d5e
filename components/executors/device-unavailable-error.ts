/** Models are to compute where they cannot. */
import { ModularError } from '../../src/errors/modular-error'

/** A device is not there, or does not compute as it should. */
export class DeviceUnavailableError extends ModularError {
  override readonly code = 'DEVICE_UNAVAILABLE'

  constructor(
    /** What was asked for. */
    readonly device: string,
    /** Why it cannot be used, as a sentence. */
    readonly reason: string,
  ) {
    super(
      `Models cannot be moved to "${device}": ${reason} They were not moved. Run \`npx tesserae doctor\` to try every device of this machine.`,
    )
  }
}
