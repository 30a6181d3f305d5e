/** Warnings for whoever runs the process. */
import { printableMessage } from './printable'

/** Warns as Node itself does: on standard error, unless somebody listens to the process's `warning` or has turned warnings off. */
export function emitWarning(code: string, message: string): void {
  process.emitWarning(printableMessage(message), { type: 'TesseraeWarning', code })
}
