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
    /** What the pipeline does that no blocks do, and what to do about it. */
    unsupported?: { readonly does: string; readonly advice: string } | undefined,
  ) {
    const named =
      blocksClassName !== undefined
        ? `names the blocks ${blocksClassName}, which are not registered`
        : pipelineClassName === undefined
          ? 'names neither blocks nor a pipeline'
          : `names the pipeline ${pipelineClassName}, ${unsupported ? `which ${unsupported.does}. No blocks are registered for it` : 'for which no blocks are registered'}`
    const advice =
      unsupported && blocksClassName === undefined
        ? unsupported.advice
        : knownText(blocksClassName ?? pipelineClassName, known)
    super(`${file} ${named}. ${advice}`)
  }
}

/** Which blocks there are, and how to choose some. */
function knownText(name: string | undefined, known: readonly string[]): string {
  const nearest = name === undefined ? undefined : nearestName(name, known)
  return (
    `Registered blocks: ${nameList(known)}.${nearest ? ` Did you mean ${nearest}?` : ''} ` +
    'Pass the blocks: ModularPipeline.fromPretrained(path, { blocks: new MyBlocks() }), or register them with registerBlockClasses(MyBlocks).'
  )
}
