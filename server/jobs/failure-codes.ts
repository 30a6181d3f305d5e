/** The failures of jobs: whose fault they are, and which messages clients see. */
import type { JobFailure } from './job'

/** Codes of failures for which the request is to blame. */
const REQUEST_FAILURES: ReadonlySet<string> = new Set([
  'GUIDER_ARGUMENT',
  'IMAGE_SIZE',
  'INPUT_TYPE',
  'INVALID_IMAGE',
  'INVALID_WIRE_VALUE',
  'LIMIT_EXCEEDED',
  'LORA_TAG',
  'MISSING_INPUT',
  'MODEL_INPUT',
  'PIPELINE_VALIDATION',
  'SCHEDULER_ARGUMENT',
  'SHAPE_MISMATCH',
])

/** Codes of failures whose messages clients see. Other messages may name files, so only their code is sent. */
export const PUBLIC_FAILURES: ReadonlySet<string> = new Set([
  ...REQUEST_FAILURES,
  'ABORTED',
  'INSUFFICIENT_MEMORY',
  'NON_FINITE',
  'OUT_OF_MEMORY',
  'RUN_TIMEOUT',
  'WORKER_LOST',
])

/** Whether the request is to blame for a failure, or for what led to it. */
export function isOfRequest({ code, cause }: Pick<JobFailure, 'code' | 'cause'>): boolean {
  return REQUEST_FAILURES.has(code) || (cause !== undefined && REQUEST_FAILURES.has(cause.code))
}
