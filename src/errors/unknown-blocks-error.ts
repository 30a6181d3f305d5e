/** A model whose blocks nobody knows. */
import { ModularError } from './modular-error'
import { nearestName } from './nearest-name'
import { nameList } from './text'

/** The index of a model names blocks, or a pipeline, of which no blocks are registered. */
export class UnknownBlocksError extends ModularError {
  override readonly code = 'UNKNOWN_BLOCKS'

  constructor(
    /** The index. */
    readonly file: string,
    /** The class of blocks that it names. */
    readonly blocksClassName: string | undefined,
    /** The class of pipelines that it names. */
    readonly pipelineClassName: string | undefined,
    known: readonly string[],
  ) {
    const name = blocksClassName ?? pipelineClassName
    const nearest = name === undefined ? undefined : nearestName(name, known)
    const named =
      blocksClassName !== undefined
        ? `names the blocks ${blocksClassName}`
        : pipelineClassName === undefined
          ? 'names neither blocks nor a pipeline'
          : `names the pipeline ${pipelineClassName}`
    super(
      `${file} ${named}, and no blocks are known for that; known are ${nameList(known)}.${nearest ? ` Did you mean ${nearest}?` : ''} ` +
        'Say which blocks to take: ModularPipeline.fromPretrained(path, { blocks: new MyBlocks() }), or make them known with registerBlockClasses(MyBlocks).',
    )
  }
}
