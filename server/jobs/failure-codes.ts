/** The failures of jobs: whose fault they are, and which messages clients see. */

/** Codes of failures for which the request is to blame. */
export const REQUEST_FAILURES: ReadonlySet<string> = new Set([
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
