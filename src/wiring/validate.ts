/** Checks how blocks are put together, before any input is known. */
import type { ModularPipelineBlocks } from '../composition/modular-pipeline-blocks'
import { getDeclarations } from '../decorators/declarations'
import { DeclarationError } from '../errors/declaration-error'
import { LoopBlockOutsideLoopError, MissingLoopStepError } from '../errors/loop-errors'
import type { ModularError } from '../errors/modular-error'
import { PipelineValidationError } from '../errors/pipeline-validation-error'
import { type TypeClaim, TypeConflictError } from '../errors/type-conflict-error'
import { UnmatchedTriggerError } from '../errors/unmatched-trigger-error'
import { eachBlock, isComposite, isConditional, isLoop, type PlacedBlock } from './blocks'
import { typesConflict } from './types-conflict'

/**
 * Finds every problem of a tree of blocks.
 * @throws PipelineValidationError if there is one
 */
export function validateBlocks(blocks: ModularPipelineBlocks): void {
  const placed = [...eachBlock(blocks)]
  const issues: ModularError[] = [
    ...placed.flatMap(checkLoopPlace),
    ...placed.flatMap(checkInitialisers),
    ...checkTriggers(placed),
    ...checkTypes(placed),
  ]
  if (issues.length > 0) throw new PipelineValidationError(issues)
}

function checkLoopPlace({ block, path, inLoop }: PlacedBlock): ModularError[] {
  if (isComposite(block) || isConditional(block) || isLoop(block)) return []
  const { loopStep } = getDeclarations(block.constructor)
  const name = block.constructor.name
  if (inLoop) return loopStep ? [] : [new MissingLoopStepError(path, name)]
  // A block that overrides call() runs by itself, whatever else it declares.
  const runs = 'run' in block || !callIsInherited(block)
  return loopStep && !runs ? [new LoopBlockOutsideLoopError(path, name)] : []
}

function callIsInherited(block: ModularPipelineBlocks): boolean {
  let base = Object.getPrototypeOf(block) as object
  while (!Object.hasOwn(base, 'initPipeline')) base = Object.getPrototypeOf(base) as object
  return block.call === (base as ModularPipelineBlocks).call
}

/** A value given to an input's field is never seen: the field is bound to the state. */
function checkInitialisers({ block, path }: PlacedBlock): ModularError[] {
  const { inputs } = getDeclarations(block.constructor)
  return [...inputs.keys()]
    .filter(field => (block as unknown as Record<string, unknown>)[field] !== undefined)
    .map(
      field =>
        new DeclarationError(
          [...path, block.constructor.name].join(' > '),
          field,
          'the value that the field is given is never used. State it in the decorator: @Input({ default: … }).',
        ),
    )
}

function checkTriggers(placed: readonly PlacedBlock[]): ModularError[] {
  const known = new Set(placed.flatMap(({ block }) => [...block.inputNames, ...block.intermediateOutputNames]))
  return placed.flatMap(({ block, path }) =>
    isConditional(block)
      ? block.triggerNames
          .filter(name => !known.has(name))
          .map(name => new UnmatchedTriggerError(path, name, [...known]))
      : [],
  )
}

function checkTypes(placed: readonly PlacedBlock[]): ModularError[] {
  const claims = new Map<string, TypeClaim[]>()
  const issues = new Map<string, ModularError>()
  const claim = (name: string | null, entry: TypeClaim & { type: string | undefined }) => {
    if (name === null || entry.type === undefined) return
    const others = claims.get(name) ?? []
    // Readers may differ among themselves: each may accept more or less. A writer must please them all.
    const opposed = others.find(
      other => (other.role === 'writes' || entry.role === 'writes') && typesConflict(other.type, entry.type),
    )
    if (opposed && !issues.has(name)) issues.set(name, new TypeConflictError(name, opposed, entry))
    claims.set(name, [...others, entry])
  }
  for (const { block, path } of placed) {
    if (isComposite(block) && !isLoop(block)) continue
    const where = path.join(' > ') || block.constructor.name
    const inputs = isLoop(block) ? block.loopInputs : block.inputs
    const outputs = isLoop(block) ? block.loopIntermediateOutputs : block.intermediateOutputs
    for (const { name, typeHint } of inputs) claim(name, { block: where, role: 'reads', type: typeHint as string })
    for (const { name, typeHint } of outputs) claim(name, { block: where, role: 'writes', type: typeHint as string })
  }
  return [...issues.values()]
}
