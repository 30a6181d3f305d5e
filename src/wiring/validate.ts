/** Checks how blocks are put together, before any input is known. */

import { getDeclarations } from '../decorators/declarations'
import { DeclarationError } from '../errors/declaration-error'
import type { ModularError } from '../errors/modular-error'
import { PipelineValidationError } from '../errors/pipeline-validation-error'
import { type TypeClaim, TypeConflictError } from '../errors/type-conflict-error'
import { UnmatchedTriggerError } from '../errors/unmatched-trigger-error'
import { classNameOf } from '../format/class-name'
import type { BlockNode } from './block-node'
import { eachBlock, isComposite, isConditional, isLoop, ownInputs, type PlacedBlock } from './blocks'
import { faultOfBody } from './bound-body'
import { ComponentClaims } from './component-claims'
import { typesConflict } from './types-conflict'

/**
 * Finds every problem of a tree of blocks.
 * @throws PipelineValidationError if there is one
 */
export function validateBlocks(blocks: BlockNode): void {
  const placed = [...eachBlock(blocks)]
  const issues: ModularError[] = [
    ...placed.flatMap(({ block, path, inLoop }) => block.findFault(path, inLoop) ?? []),
    ...placed.flatMap(checkInitialisers),
    ...placed.flatMap(checkBodies),
    ...placed.flatMap(checkFields),
    ...checkTriggers(placed),
    ...checkTypes(placed),
    ...checkComponentClasses(placed),
  ]
  if (issues.length > 0) throw new PipelineValidationError(issues)
}

/** A value given to a declared field is never seen: the field is bound to the run. */
function checkInitialisers({ block, path }: PlacedBlock): ModularError[] {
  const { inputs, outputs, components, configs } = getDeclarations(block.constructor)
  const where = [...path, classNameOf(block)].join(' > ')
  const refuse = (fields: Iterable<string>, advice: string) =>
    [...fields]
      .filter(field => (block as unknown as Record<string, unknown>)[field] !== undefined)
      .map(field => new DeclarationError(where, field, `the initial value of the field is never used. ${advice}`))
  return [
    ...refuse(inputs.keys(), 'State it in the decorator: @Input({ default: … }).'),
    ...refuse(
      [...outputs.keys()].filter(field => !inputs.has(field)),
      'Assign it in run() or in the loop step.',
    ),
    ...refuse(components.keys(), 'Register it: pipe.container.register(name, { useValue: … }).'),
    ...refuse(configs.keys(), 'State it in the decorator: @Config({ default: … }).'),
  ]
}

/** In run(), loop steps and estimates, `this` is bound to the run, which waits for them to end. */
function checkBodies({ block, path }: PlacedBlock): ModularError[] {
  const { loopStep } = getDeclarations(block.constructor)
  const where = [...path, classNameOf(block)].join(' > ')
  return ['run', 'estimateCost', 'upcomingCalls', ...(loopStep ? [loopStep.method] : [])].flatMap(name => {
    const fault = faultOfBody((block as unknown as Record<string, unknown>)[name])
    return fault === undefined ? [] : new DeclarationError(where, name, `${fault} ${name}() { … }.`)
  })
}

/** A field that its kind of block does not use would be ignored silently. */
function checkFields({ block, path }: PlacedBlock): ModularError[] {
  if (isLoop(block)) return []
  const { inputs, outputs, components, configs, steps } = getDeclarations(block.constructor)
  const where = [...path, classNameOf(block)].join(' > ')
  const refuse = (fields: Iterable<string>, advice: string) =>
    [...fields].map(field => new DeclarationError(where, field, advice))
  if (!isComposite(block)) {
    return refuse(
      steps.keys(),
      'a leaf block cannot run other blocks. Extend SequentialPipelineBlocks or another class of composite blocks.',
    )
  }
  const values = new Set([...inputs.keys(), ...outputs.keys(), ...components.keys(), ...configs.keys()])
  return refuse(values, 'a composite block has the inputs and outputs of its parts. Declare the field in one of them.')
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

/** Branches may ask for one name as different classes, as only one of them runs; what always runs may not. */
function checkComponentClasses(placed: readonly PlacedBlock[]): ModularError[] {
  const claims = new ComponentClaims()
  return placed.flatMap(({ block, path, inBranch }) => {
    if (inBranch || (isComposite(block) && !isLoop(block))) return []
    const specs = isLoop(block) ? block.loopExpectedComponents : block.expectedComponents
    return specs.flatMap(spec => claims.add(spec, path) ?? [])
  })
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
    const where = path.join(' > ') || classNameOf(block)
    const inputs = isLoop(block) ? ownInputs(block) : block.inputs
    const outputs = isLoop(block) ? block.loopIntermediateOutputs : block.intermediateOutputs
    for (const { name, typeHint } of inputs) claim(name, { block: where, role: 'reads', type: typeHint as string })
    for (const { name, typeHint } of outputs) claim(name, { block: where, role: 'writes', type: typeHint as string })
  }
  return [...issues.values()]
}
