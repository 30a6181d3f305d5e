/** Warnings for the person who runs the process. */

/** Prints a warning on standard error, unless somebody listens to the process's `warning` or has turned warnings off. */
export function warnProcess(code: string, message: string): void {
  process.emitWarning(message, { type: 'TesseraeWarning', code })
}
