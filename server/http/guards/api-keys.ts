/** Who asks: a client with a key, or anybody where there are no keys. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { InvalidServerOptionError } from '../invalid-server-option-error'
import { Problem } from '../problem'

/** Characters that a key has at least: shorter ones can be guessed. */
const SHORTEST_KEY = 16

/** Knows the keys of clients, as hashes alone. */
export class ApiKeys {
  private readonly hashes: readonly Buffer[]

  /** @throws InvalidServerOptionError for a key that is too short, or that no header can hold */
  constructor(keys: readonly string[]) {
    this.hashes = keys.map(key => {
      if (typeof key !== 'string' || key.length < SHORTEST_KEY || !/^[\x21-\x7e]+$/.test(key)) {
        const expected = `each key must have at least ${SHORTEST_KEY} characters of ASCII and no spaces.`
        throw new InvalidServerOptionError('apiKeys', expected)
      }
      return hashOf(key)
    })
  }

  /** Whether keys are asked for at all. */
  get isRequired(): boolean {
    return this.hashes.length > 0
  }

  /**
   * Names the client of a request: by its key, or by its address where there are no keys.
   *
   * @throws Problem (401) for a request without a valid key
   */
  clientOf(request: FastifyRequest): string {
    if (!this.isRequired) return `ip:${request.ip}`
    const given = keyOf(request)
    const hash = hashOf(given ?? '')
    // Every key is compared in full, so that the time tells nothing.
    let isKnown = false
    for (const known of this.hashes) isKnown = timingSafeEqual(known, hash) || isKnown
    if (given === undefined || !isKnown) {
      const advice = 'Send a valid key: "Authorization: Bearer KEY", or "X-API-Key: KEY".'
      throw new Problem(401, 'unauthorized', advice, undefined, { 'www-authenticate': 'Bearer' })
    }
    return `key:${hash.toString('hex').slice(0, 32)}`
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const own = headers['x-api-key']
  if (typeof own === 'string') return own
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ')
  if (/^bearer$/i.test(scheme)) return value
  // Of a name and a password, the password is the key: some clients know no other way.
  if (/^basic$/i.test(scheme))
    return Buffer.from(value, 'base64')
      .toString('utf8')
      .replace(/^[^:]*:/, '')
  return undefined
}
