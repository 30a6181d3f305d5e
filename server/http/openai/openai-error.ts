/** Problems in the form of OpenAI's API: `{ error: { message, type, param, code } }`. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problemOf } from '../answer-problem'
import { Problem } from '../problem'

/** The body of an answer to a request that failed. */
export interface OpenAIErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

/** Fields of OpenAI's requests by the names that pipelines give them. */
const PARAMETERS: Readonly<Record<string, string>> = {
  pipeline: 'model',
  workflow: 'model',
  maskImage: 'mask',
  numImagesPerPrompt: 'n',
  width: 'size',
  height: 'size',
  format: 'output_format',
}

/** Makes a problem with one field of an OpenAI request. */
export function parameterProblem(param: string, detail: string, kind = 'invalid-value', status = 422): Problem {
  return new Problem(status, kind, 'The request is invalid.', [{ pointer: `#/${param}`, detail }])
}

/** Answers a request with an error in OpenAI's form. Unexpected errors are logged. */
export function answerOpenAIError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error)
  if (problem.status >= 500) request.log.error({ err: error }, 'a request failed')
  return reply
    .code(statusOf(problem))
    .headers(problem.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(openAIErrorBody(problem)))
}

function openAIErrorBody({ status, kind, detail, errors = [] }: Problem): OpenAIErrorBody {
  const param = errors[0] && parameterOf(errors[0].pointer)
  const details = errors.map(({ pointer, detail: what }) => `${parameterOf(pointer)}: ${what}`)
  return {
    error: {
      message: details.length > 0 ? details.join(' ') : detail,
      type: typeOf(status),
      param: param ?? null,
      code: status === 401 ? 'invalid_api_key' : kind.replaceAll('-', '_'),
    },
  }
}

/** OpenAI answers 400 to fields that are wrong. */
function statusOf({ status }: Problem): number {
  return status === 422 ? 400 : status
}

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function parameterOf(pointer: string): string {
  const [first = '', second] = pointer.replace(/^#\//, '').split('/')
  const name = first === 'inputs' && second !== undefined ? second : first
  return Object.hasOwn(PARAMETERS, name) ? (PARAMETERS[name] as string) : name
}
