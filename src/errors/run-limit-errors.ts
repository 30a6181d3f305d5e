/** A call that costs more than it may. */
import { formatBytes } from '../format/byte-size'
import { ModularError } from './modular-error'
import { pathText } from './text'

/** The limits that a call is compared with before it begins. */
export type CostLimit = 'maxPixels' | 'maxImages' | 'maxSteps' | 'maxMemory'

const WORDS: Readonly<Record<CostLimit, { readonly what: string; readonly remedy: string }>> = {
  maxPixels: { what: 'pixels for each image', remedy: 'Ask for a smaller width or height' },
  maxImages: { what: 'images', remedy: 'Ask for fewer images' },
  maxSteps: { what: 'steps', remedy: 'Ask for fewer steps' },
  maxMemory: { what: 'of memory', remedy: 'Ask for smaller or fewer images' },
}

/** A call asks for more than a limit of the pipeline or of the process allows. */
export class LimitExceededError extends ModularError {
  override readonly code = 'LIMIT_EXCEEDED'

  constructor(
    path: readonly string[],
    /** Name of the limit. */
    readonly limit: CostLimit,
    /** What the call asks for. */
    readonly asked: number,
    /** What the limit allows. */
    readonly allowed: number,
  ) {
    const { what, remedy } = WORDS[limit]
    const amount = (value: number) => (limit === 'maxMemory' ? formatBytes(value) : value.toLocaleString('en'))
    super(
      `${pathText(path)}: the call needs ${amount(asked)} ${what}, and the limit ${limit} is ${amount(allowed)}. ${remedy}, or raise ${limit}.`,
      { path },
    )
  }
}

/** A call needs more memory than there is. */
export class InsufficientMemoryError extends ModularError {
  override readonly code = 'INSUFFICIENT_MEMORY'

  constructor(
    path: readonly string[],
    /** Bytes that the block needs, by its estimate. */
    readonly needed: number,
    /** Bytes that the machine has free. */
    readonly available: number,
  ) {
    super(
      `${pathText(path)}: the call needs about ${formatBytes(needed)} of memory, and ${formatBytes(available)} are free. ` +
        'Ask for smaller or fewer images, or free memory.',
      { path },
    )
  }
}

/** The run took longer than its limit. It is the cause of the PipelineAbortError that ends the run. */
export class RunTimeoutError extends ModularError {
  override readonly code = 'RUN_TIMEOUT'

  constructor(
    /** Milliseconds that the run may take. */
    readonly timeout: number,
  ) {
    super(`It exceeded its timeout of ${timeout.toLocaleString('en')} ms: raise the timeout, or ask for fewer steps.`)
  }
}
