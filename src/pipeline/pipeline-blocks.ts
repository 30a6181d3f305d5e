/** What a pipeline asks of its blocks, and what they offer to callers that only have the pipeline. */
import type { BlockDescription } from '../documentation/describe'
import type { MarkdownOptions } from '../documentation/markdown'
import type { PictureOptions } from '../picture/picture'
import type { BlockNode } from '../wiring/block-node'
import type { Explanation } from '../wiring/explain'

/** Blocks that a pipeline can keep a private copy of. */
export interface PipelineBlocks extends BlockNode {
  clone(): this
  /** Names of the workflows. */
  readonly availableWorkflows: readonly string[]
  /** The blocks of a workflow. */
  getWorkflow(name: string): PipelineBlocks
  /** The blocks that these inputs would run. */
  getExecutionBlocks(inputs?: Readonly<Record<string, unknown>>): PipelineBlocks | undefined
  /** Documentation made from the declarations. */
  readonly doc: string
  /** The same as Markdown. */
  toMarkdown(options?: MarkdownOptions): string
  /** A picture as Mermaid text. */
  toMermaid(options?: PictureOptions): string
  /** The declarations as a plain object. */
  describe(): BlockDescription
  /** Where the value of each input, and each component, would come from. */
  explain(inputs?: Readonly<Record<string, unknown>>): Explanation
}
