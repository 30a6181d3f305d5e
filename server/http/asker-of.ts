/** Who sent a request, for the job that it asks for. */
import type { FastifyRequest } from 'fastify'
import { traceOf } from '../trace/request-span'
import { clientOf } from './client-of'
import type { Asker } from './read-job-request'

/** Returns the client of a request, and the trace that its job belongs to. */
export function askerOf(request: FastifyRequest): Asker {
  return { client: clientOf(request), trace: traceOf(request) }
}
