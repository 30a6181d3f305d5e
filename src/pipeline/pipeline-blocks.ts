/** What a pipeline asks of its blocks. */
import type { BlockNode } from '../wiring/block-node'

/** Blocks that a pipeline can keep a private copy of. */
export interface PipelineBlocks extends BlockNode {
  clone(): this
  /** Names of the workflows. */
  readonly availableWorkflows: readonly string[]
  /** The blocks of a workflow. */
  getWorkflow(name: string): PipelineBlocks
}
