/** Tells model cards that were made here from those that somebody has written, or has changed since. */
import { createHash } from 'node:crypto'

/** A seal has some two hundred letters: looking for one all over a long text would take the square of its length. */
const LONGEST_SEAL = 1000

const SEAL = /\n<!-- Made by Tesserae from the blocks of the pipeline\. [^>]*\[([0-9a-f]{16})\] -->\s*$/

/** A card with a seal at its end: a comment that holds a digest of what stands above it. */
export function sealCard(card: string): string {
  const promise = 'Saving the pipeline makes it again, unless you change it: then it is yours'
  return `${card}\n<!-- Made by Tesserae from the blocks of the pipeline. ${promise}. [${digestOf(card)}] -->\n`
}

/** Whether a card was sealed here, and is as it was. How its lines end, which version control may change, does not matter. */
export function isSealedCard(text: string): boolean {
  const card = text.replaceAll('\r\n', '\n')
  const begin = Math.max(0, card.length - LONGEST_SEAL)
  const found = SEAL.exec(card.slice(begin))
  return found !== null && found[1] === digestOf(card.slice(0, begin + found.index))
}

function digestOf(card: string): string {
  return createHash('sha256').update(card).digest('hex').slice(0, 16)
}
