/** Asking for workflows that are not there. */
import { ModularError } from './modular-error'
import { nameList } from './text'

/** The block names no workflows at all. */
export class NoWorkflowsError extends ModularError {
  override readonly code = 'NO_WORKFLOWS'

  constructor(className: string) {
    super(`${className} defines no workflows. A SequentialPipelineBlocks defines them with "get workflowMap()".`)
  }
}

/** The block names workflows, but not this one. */
export class UnknownWorkflowError extends ModularError {
  override readonly code = 'UNKNOWN_WORKFLOW'

  constructor(
    className: string,
    /** The workflow that was asked for. */
    readonly workflow: string,
    available: readonly string[],
  ) {
    super(`${className} has no workflow "${workflow}". Available workflows: ${nameList(available)}.`)
  }
}
