/** Runs one block of a tree as part of a run. */
import { classNameOf } from '../format/class-name'
import type { PipelineState } from '../state/pipeline-state'
import type { BlockNode } from '../wiring/block-node'
import { isLoop } from '../wiring/blocks'
import { requireSameState } from './call-result'
import { type Components, RUN } from './components'
import { LoopCall } from './loop-call'
import { after, type MaybePromise, orFail } from './maybe-promise'
import type { RunningBlock } from './run'
import { writtenValues } from './written-values'

/**
 * Calls a block and handles what surrounds the call: its place in the path, events, cancellation, and the resources it
 * makes. Errors leave here with the path of blocks.
 *
 * @param name the block's name inside its parent; `undefined` for the outermost block
 */
export function executeBlock(
  components: Components,
  state: PipelineState,
  name: string | undefined,
  block: BlockNode,
): MaybePromise<void> {
  const run = components[RUN]
  run.markBlock(name)
  return after(run.yieldToEventLoop(), () => execute(components, state, name, block))
}

function execute(
  components: Components,
  state: PipelineState,
  name: string | undefined,
  block: BlockNode,
): MaybePromise<void> {
  const run = components[RUN]
  const activation = run.enter(name, classNameOf(block), () => writtenValues(block, output => state.get(output)))
  return orFail(
    () => {
      run.resumption?.enter(run.names, isLoop(block))
      return after(run.components.prepare(block), () =>
        after(callAnnounced(components, state, block, activation), () => run.leave(activation)),
      )
    },
    error => {
      const failure = run.failure(error, classNameOf(block))
      run.abandon(activation, failure)
      throw failure
    },
  )
}

function callAnnounced(
  components: Components,
  state: PipelineState,
  block: BlockNode,
  { announced }: RunningBlock,
): MaybePromise<void> {
  return announced ? announced.within(() => callBlock(components, state, block)) : callBlock(components, state, block)
}

function callBlock(components: Components, state: PipelineState, block: BlockNode): MaybePromise<void> {
  if (isLoop(block)) return LoopCall.begin(components, block, state)
  return after(block.call(components, state), result =>
    requireSameState(result, state, components[RUN].path, classNameOf(block)),
  )
}
