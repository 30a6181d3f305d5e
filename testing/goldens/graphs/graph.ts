/** The blocks that a case of the `blocks` area describes, as it writes them. */

/** An input of a block. */
export interface GraphInput {
  name: string | null
  default?: unknown
  required?: boolean
  kwargs_type?: string | null
}

/** An output of a block. */
export interface GraphOutput {
  name: string
  kwargs_type?: string | null
}

/** A statement of a leaf's body. */
export type GraphStatement = { set: string; expr: string } | { fail: string; when?: string }

/** A rule of a conditional block. */
export interface GraphRule {
  present?: string[]
  absent?: string[]
  block: string
}

/** A part with its name. */
export interface GraphPart {
  name: string
  block: BlockGraph
}

/** A leaf, in a loop or not. */
export interface LeafGraph {
  kind: 'leaf' | 'loop_leaf'
  class_name: string
  inputs?: GraphInput[]
  intermediate_outputs?: GraphOutput[]
  body?: GraphStatement[]
  components?: { name: string; value: unknown }[]
  configs?: { name: string; default?: unknown }[]
}

/** A block made of others. */
export interface CompositeGraph {
  kind: 'sequential' | 'loop' | 'auto' | 'conditional'
  class_name: string
  blocks: GraphPart[]
  extra_block_names?: string[]
  workflows?: Record<string, Record<string, true> | Record<string, true>[]>
  loop_inputs?: GraphInput[]
  loop_intermediate_outputs?: GraphOutput[]
  over?: { count: string } | { items: string }
  block_trigger_inputs?: (string | null)[]
  default_block_name?: string | null
  select?: GraphRule[]
}

/** Any block. */
export type BlockGraph = LeafGraph | CompositeGraph
