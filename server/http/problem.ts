/** What a request that fails is answered with: problem details, RFC 9457. */

/** One thing that is wrong with a request. */
export interface FieldProblem {
  /** Where: a JSON pointer into the body, e.g. `#/inputs/width`; of a header or a parameter, its name. */
  readonly pointer: string
  /** What is wrong with the field. */
  readonly detail: string
}

/** Headers beside the problem. */
export type ProblemHeaders = Readonly<Record<string, string>>

/** The body of an answer with the type `application/problem+json`. */
export interface ProblemDetails {
  /** Kind of the problem, as a URN. */
  readonly type: string
  /** Name of the status. */
  readonly title: string
  /** Status of the answer. */
  readonly status: number
  /** What is wrong. */
  readonly detail: string
  /** What is wrong with each field. */
  readonly errors?: readonly FieldProblem[]
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** A request that is answered with a problem. Thrown inside of routes; it never leaves the server otherwise. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** The kind of problem, e.g. `invalid-input`. */
    readonly kind: string,
    readonly detail: string,
    readonly errors?: readonly FieldProblem[],
    readonly headers: ProblemHeaders = {},
  ) {
    super(detail)
  }

  /** The body of the answer. */
  get details(): ProblemDetails {
    const { status, kind, detail, errors } = this
    return {
      type: `urn:tesserae:problem:${kind}`,
      title: TITLES[status] ?? 'Error',
      status,
      detail,
      ...(errors && { errors }),
    }
  }
}

/** A JSON pointer as the fragment of a URI. */
export function pointerTo(path: readonly (string | number)[]): string {
  return `#${path.map(key => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`
}

/** A problem with one field of the body. */
export function fieldProblem(path: readonly (string | number)[], detail: string, status = 422): Problem {
  return new Problem(status, 'invalid-input', 'The request is invalid.', [{ pointer: pointerTo(path), detail }])
}
