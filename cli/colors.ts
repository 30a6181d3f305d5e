/** Colours of what the commands print. */
import picocolors from 'picocolors'

const { createColors, isColorSupported } = picocolors

const { FORCE_COLOR: forced } = process.env

/** FORCE_COLOR asks for colours, or for none as `0` or `false` do in Node. */
const isAskedFor = forced ? !['0', 'false'].includes(forced) : Boolean(process.stdout.isTTY)

/**
 * The colours of standard output: on a terminal, or where FORCE_COLOR asks for them, and never with NO_COLOR. A pipe and a file get plain text.
 * picocolors alone would colour them on every machine that sets CI, and where FORCE_COLOR is 0.
 */
export const colors = createColors(isColorSupported && isAskedFor)
