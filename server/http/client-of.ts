/** The client of a request, once it is known. */
import type { FastifyRequest } from 'fastify'

const clients = new WeakMap<FastifyRequest, string>()

/** Keeps who asks. */
export function rememberClient(request: FastifyRequest, client: string): void {
  clients.set(request, client)
}

/** Who asks. */
export function clientOf(request: FastifyRequest): string {
  return clients.get(request) ?? 'anonymous'
}
