/** Files of jobs, as they are sent. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { StoredFile } from '../results/result-store'

/** Files of jobs do not change. */
const FOREVER = 'private, max-age=31536000, immutable'

/** Sends a file of a job. */
export function sendFile(reply: FastifyReply, { stream, size, mediaType }: StoredFile): FastifyReply {
  return reply
    .type(mediaType)
    .headers({ 'content-length': size, 'cache-control': FOREVER })
    .send(Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]))
}

/** Returns the bytes of a file of a job. */
export async function bytesOf({ stream }: Pick<StoredFile, 'stream'>): Promise<Buffer> {
  return Buffer.from(await new Response(stream as ReadableStream).arrayBuffer())
}
