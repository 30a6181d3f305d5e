/** Makes a job of a request. */
import { createHash, randomInt, randomUUID } from 'node:crypto'
import { nameList } from '../../src/errors/text'
import { isSeed, VALID_SEED } from '../../src/params/seed'
import {
  type ComponentChoice,
  DEFAULT_PRIORITY,
  type Job,
  type JobRequest,
  LOWEST_PRIORITY,
  PICTURE_FORMATS,
  type PictureFormat,
} from '../jobs/job'
import { InvalidJobError } from '../jobs/job-errors'
import { CHOOSABLE } from '../studio/offered-components'
import { isJobTrace } from '../trace/trace-context'

/** The client of a request that names none. */
const ANONYMOUS = 'anonymous'

/** Characters of a client's name, and of an idempotency key. */
const LONGEST_NAME = 256

/** Parts the name of the pipeline from the rest of an id. */
const SEPARATOR = '~'

/** A name that fits into paths, addresses and keys of Redis. */
const PIPELINE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Whether a pipeline can be served under a name: letters, digits, `.`, `_` and `-`, at most 64, the first a letter or digit. */
export function isPipelineName(name: unknown): name is string {
  return typeof name === 'string' && PIPELINE.test(name)
}

/** The name of the pipeline in the id of a job; `undefined` for a text that is not an id. */
export function pipelineOfId(id: string): string | undefined {
  const [name, rest, ...more] = typeof id === 'string' ? id.split(SEPARATOR) : []
  return isPipelineName(name) && rest !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(rest) && more.length === 0
    ? name
    : undefined
}

/**
 * The job of a request, with the defaults filled in. A request with an idempotency key gives the same id each time: engines accept an id once.
 *
 * @throws InvalidJobError
 */
export function newJob(request: JobRequest, now = Date.now()): Job {
  const { pipeline, inputs, output = ['images'], priority = DEFAULT_PRIORITY, format = 'png', previewEvery } = request
  const {
    client = ANONYMOUS,
    idempotencyKey,
    seed = randomInt(2 ** 32),
    workflow,
    components,
    keepValues,
    trace,
  } = request
  if (!isPipelineName(pipeline)) throw new InvalidJobError('pipeline', 'it must be the name of a pipeline.')
  requireText('client', client)
  if (idempotencyKey !== undefined) requireText('idempotencyKey', idempotencyKey)
  if (workflow !== undefined) requireText('workflow', workflow)
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) {
    throw new InvalidJobError('inputs', 'they must be an object of inputs by their names.')
  }
  if (!Array.isArray(output) || output.length === 0 || output.some(name => typeof name !== 'string' || name === '')) {
    throw new InvalidJobError('output', 'it must be a list of names of outputs.')
  }
  if (!Number.isSafeInteger(priority) || priority < 0 || priority > LOWEST_PRIORITY) {
    throw new InvalidJobError('priority', `it must be a whole number from 0 to ${LOWEST_PRIORITY}.`)
  }
  if (!PICTURE_FORMATS.includes(format as PictureFormat)) {
    throw new InvalidJobError('format', `it must be one of ${PICTURE_FORMATS.join(', ')}.`)
  }
  if (previewEvery !== undefined && !(Number.isSafeInteger(previewEvery) && previewEvery > 0)) {
    throw new InvalidJobError('previewEvery', 'it must be a whole number from 1.')
  }
  if (components !== undefined) requireChoices(components)
  if (keepValues !== undefined && typeof keepValues !== 'boolean') {
    throw new InvalidJobError('keepValues', 'it must be true or false.')
  }
  if (trace !== undefined && !isJobTrace(trace)) {
    throw new InvalidJobError('trace', 'it must hold a traceparent of W3C Trace Context, and may hold a tracestate.')
  }
  if (!isSeed(seedOf({ seed }))) throw new InvalidJobError('seed', `it must be ${VALID_SEED}.`)
  return {
    ...request,
    id: `${pipeline}${SEPARATOR}${idOf(client, idempotencyKey)}`,
    output,
    seed,
    format,
    priority,
    client,
    status: 'queued',
    createdAt: now,
    attempts: 0,
    losses: 0,
  }
}

/** The seed of a job as a call takes it: digits become a bigint. */
export function seedOf({ seed }: Pick<Job, 'seed'>): number | bigint {
  return typeof seed === 'string' && /^-?\d{1,20}$/.test(seed) ? BigInt(seed) : (seed as number)
}

function idOf(client: string, key: string | undefined): string {
  if (key === undefined) return randomUUID().replaceAll('-', '')
  return createHash('sha256')
    .update(JSON.stringify([client, key]))
    .digest('hex')
    .slice(0, 32)
}

function requireChoices(components: unknown): void {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const isChoice = (value: unknown) => {
    const { name, settings } = (isObject(value) ? value : {}) as Partial<ComponentChoice>
    return typeof name === 'string' && (settings === undefined || isObject(settings))
  }
  const isValid =
    isObject(components) &&
    Object.entries(components as object).every(
      ([kind, choice]) => CHOOSABLE.some(each => each === kind) && isChoice(choice),
    )
  if (isValid) return
  throw new InvalidJobError('components', `it must be an object of ${nameList(CHOOSABLE)}, each { name, settings }.`)
}

function requireText(field: string, value: unknown): void {
  if (typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME) return
  throw new InvalidJobError(field, `it must be a text of 1 to ${LONGEST_NAME} characters.`)
}
