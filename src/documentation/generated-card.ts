/** Tells model cards that were made here from those that somebody has written, or has changed since. */
import { createHash } from 'node:crypto'

const SEAL = /\n<!-- Made by Tesserae from the blocks of the pipeline\. [^>]*\[([0-9a-f]{16})\] -->\s*$/

/** A card with a seal at its end: a comment that holds a digest of what stands above it. */
export function sealCard(card: string): string {
  const promise = 'Saving the pipeline makes it anew, unless you change it: then it is yours'
  return `${card}\n<!-- Made by Tesserae from the blocks of the pipeline. ${promise}. [${digestOf(card)}] -->\n`
}

/** Whether a card was sealed here, and is as it was. How its lines end, which version control may change, does not matter. */
export function isSealedCard(text: string): boolean {
  const found = SEAL.exec(text.replaceAll('\r\n', '\n'))
  return found !== null && found[1] === digestOf(found.input.slice(0, found.index))
}

function digestOf(card: string): string {
  return createHash('sha256').update(card).digest('hex').slice(0, 16)
}
