/** Blocks that stand on the wrong side of a loop's border. */
import { ModularError } from './modular-error'
import { pathText } from './text'

/** A block that only has a loop step was put where nothing iterates. */
export class LoopBlockOutsideLoopError extends ModularError {
  override readonly code = 'LOOP_BLOCK_OUTSIDE_LOOP'

  constructor(path: readonly string[], className: string) {
    super(
      `${pathText(path)}: ${className} has a @LoopStep() and no run(), so it works only inside a LoopSequentialPipelineBlocks. ` +
        'Put it into a loop, or give it a run() method.',
      { path },
    )
  }
}

/** A block of a loop has no method that an iteration could call. */
export class MissingLoopStepError extends ModularError {
  override readonly code = 'MISSING_LOOP_STEP'

  constructor(path: readonly string[], className: string) {
    super(
      `${pathText(path)}: ${className} is part of a loop, but has no method marked with @LoopStep(). ` +
        'Mark the method that each iteration calls, or override call(components, blockState, variables).',
      { path },
    )
  }
}

/** A loop began a step, or ended, while a step was still running. */
export class OverlappingLoopStepError extends ModularError {
  override readonly code = 'OVERLAPPING_LOOP_STEP'

  constructor(path: readonly string[]) {
    super(
      `${pathText(path)}: a step of the loop was still running when the loop continued. Write "await this.loopStep(…)" in an async run(): ` +
        'blocks without "await" yield to the event loop, too.',
      { path },
    )
  }
}

/** A loop step asks for an iteration variable that its loop does not pass. */
export class MissingIterationVariableError extends ModularError {
  override readonly code = 'MISSING_ITERATION_VARIABLE'

  constructor(
    path: readonly string[],
    /** The variable that was asked for. */
    readonly variable: string,
    passed: readonly string[],
  ) {
    super(
      `${pathText(path)}: the loop step declares the iteration variable "${variable}", but the loop passes ${passed.join(', ') || 'none'}. ` +
        `Pass it: this.loopStep({ …, ${variable} }).`,
      { path },
    )
  }
}

/** A block made of other blocks overrides `call()`, which a loop around it does not use. */
export class UnusedCallError extends ModularError {
  override readonly code = 'UNUSED_CALL'

  constructor(path: readonly string[], className: string) {
    super(
      `${pathText(path)}: ${className} overrides call(), but a loop runs its parts without it. ` +
        'Move that code into a leaf block, or put the block outside of the loop.',
      { path },
    )
  }
}
