/** What the parts of the server's description are made of. */
import type { JsonSchema } from '../../src'

/** A part of an OpenAPI document. */
export type Parts = Readonly<Record<string, unknown>>

/** A parameter in the path of an address. */
export function pathParameter(name: string): Parts {
  return { name, in: 'path', required: true, schema: { type: 'string' } }
}

/** An answer, or the body of a request, of a media type. */
export function answer(description: string, mediaType: string, schema: JsonSchema): Parts {
  return { description, content: { [mediaType]: { schema } } }
}

/** A problem as this server tells it. */
export const PROBLEM_ANSWER = answer('A problem.', 'application/problem+json', { $ref: '#/components/schemas/Problem' })

/** The problems that a request may be answered with, by their status. */
export function problems(...codes: readonly number[]): Parts {
  return Object.fromEntries(codes.map(code => [code, PROBLEM_ANSWER]))
}
