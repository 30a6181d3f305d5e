/** A program of the tour failed. */
import { ModularError } from '../../src/errors/modular-error'

/** A program of the tour ended with a status other than 0, or by a signal; it has printed why. */
export class TourProgramError extends ModularError {
  override readonly code = 'TOUR_PROGRAM'

  constructor(
    /** Name of the program's file. */
    readonly program: string,
    /** Its exit status, or the signal that ended it. */
    readonly status: number | NodeJS.Signals,
  ) {
    const how = typeof status === 'number' ? `with status ${status}` : `by ${status}`
    super(`${program} ended ${how}. Run "tesserae doctor" to see whether models can run on this machine.`)
  }
}
