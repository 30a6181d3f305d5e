/** Warnings for whoever runs the process. */
import { printable } from './printable'

/** Warns as Node itself does: on standard error, unless somebody listens to the process's `warning` or has turned warnings off. */
export function emitWarning(code: string, message: string): void {
  process.emitWarning(printable(message), { type: 'TesseraeWarning', code })
}
