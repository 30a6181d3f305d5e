/** Turns whatever a route throws into a problem. It reveals nothing of this machine: no path, no stack, no text of an unknown error. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  InvalidJobError,
  QueueClosedError,
  QueueFullError,
  QueueUnavailableError,
  TooManyJobsError,
} from '../jobs/job-errors'
import { fieldProblem, Problem } from './problem'

/** Seconds after which a client may ask again. */
const RETRY = { 'retry-after': '5' }

/** Problems that Fastify finds, by its codes. Its messages may repeat the request, and ours say what to do. */
const OF_FASTIFY: Readonly<Record<string, readonly [status: number, kind: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body-too-large', 'The body of the request is too large.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'invalid-json', 'The body is empty. Send JSON.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'invalid-json', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    'invalid-length',
    'The body does not have the length that its header says.',
  ],
  FST_ERR_BAD_URL: [400, 'invalid-url', 'The address is malformed.'],
  FST_ERR_MAX_PARAM_LENGTH: [404, 'not-found', 'There is nothing at this address.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: [415, 'unsupported-media-type', 'Send the body as multipart/form-data.'],
  FST_REQ_FILE_TOO_LARGE: [413, 'body-too-large', 'A file of the request is too large.'],
  FST_FILES_LIMIT: [413, 'body-too-large', 'The request has too many files.'],
  FST_FIELDS_LIMIT: [413, 'body-too-large', 'The request has too many fields.'],
  FST_PARTS_LIMIT: [413, 'body-too-large', 'The request has too many parts.'],
  FST_PROTO_VIOLATION: [400, 'invalid-multipart', 'A field of the request has a name that is not allowed.'],
}

/** The problem that an error is answered with; one that nobody expected is a 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof QueueFullError) return new Problem(503, 'queue-full', error.message, undefined, RETRY)
  if (error instanceof TooManyJobsError) return new Problem(429, 'too-many-jobs', error.message, undefined, RETRY)
  if (error instanceof InvalidJobError) return fieldProblem([error.field], error.message)
  if (error instanceof QueueClosedError || error instanceof QueueUnavailableError) {
    return new Problem(503, 'unavailable', 'The queue of jobs is not available at the moment.', undefined, RETRY)
  }
  const { code, statusCode } = error as Partial<FastifyError>
  const known = typeof code === 'string' && Object.hasOwn(OF_FASTIFY, code) ? OF_FASTIFY[code] : undefined
  if (known) return new Problem(...known)
  // What Fastify and its parsers blame on the client. Others must not choose the status of an answer.
  const isOfFastify = typeof code === 'string' && /^(?:FST|FAST)_/.test(code)
  const isParser = error instanceof SyntaxError && statusCode === 400
  if ((isOfFastify || isParser) && statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, 'bad-request', 'The request is malformed.')
  }
  return new Problem(500, 'internal', 'Something went wrong on the server. Its log has the reason.')
}

/** Answers a request with the problem of an error. Unexpected errors are logged. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error)
  if (problem.status >= 500) request.log.error({ err: error }, 'a request failed')
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem.details))
}
