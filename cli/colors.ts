/** Colours of what the commands print. */
import picocolors from 'picocolors'

const { createColors, isColorSupported } = picocolors

/**
 * The colours of standard output: on a terminal, or where FORCE_COLOR asks for them, and never with NO_COLOR. A pipe and a file get plain text.
 * picocolors alone would colour them on every machine that sets CI.
 */
export const colors = createColors(isColorSupported && Boolean(process.stdout.isTTY || process.env.FORCE_COLOR))
