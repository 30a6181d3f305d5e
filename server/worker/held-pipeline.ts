/** A pipeline whose models are loaded. */
import type { Executor } from '../../components'
import type { DerivedPipelines } from './derived-pipelines'
import type { ServedPipeline } from './pipeline-source'

/** The pipeline, and what belongs to it. */
export interface HeldPipeline {
  readonly pipe: ServedPipeline
  /** What computes its models; `undefined` for a pipeline of the caller. */
  readonly executor: Executor | undefined
  readonly derived: DerivedPipelines
}
