/** Loads the layout library when the first picture is drawn: it is large, and nothing else needs it. */
import type { ELK } from 'elkjs/lib/elk-api'

/** The library, in the build that computes in the calling thread. */
export function loadElk(): ELK {
  const loaded = require('elkjs/lib/elk.bundled.js') as new () => ELK
  return new loaded()
}
