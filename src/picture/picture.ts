/** What a picture of blocks shows, before anything is placed: boxes in boxes, and what flows between them. */

import { getDeclarations } from '../decorators/declarations'
import { classNameOf } from '../format/class-name'
import { formatValue } from '../state/format-value'
import type { BlockKind, BlockNode } from '../wiring/block-node'
import { isComposite, isConditional, isLoop } from '../wiring/blocks'
import { branchConditions, conditionText } from '../wiring/branch-conditions'
import { type Flow, pathKey, traceFlow } from '../wiring/flow'

/** Options of every picture. */
export interface PictureOptions {
  /**
   * What a call would be given, by name: blocks that it does not run are pale, and what it lacks is red. Left out, all branches are shown alike,
   * and nothing is red: a caller supplies what no block does.
   */
  given?: Readonly<Record<string, unknown>> | readonly string[]
}

/** A component, as a chip at its block. */
export interface PictureChip {
  readonly name: string
  readonly className: string
}

/** An input that no block supplies. */
export interface PictureNote {
  readonly text: string
  /** Whether a caller must give it. */
  readonly required?: boolean
  readonly missing: boolean
}

/** A block. */
export interface PictureBox {
  readonly id: string
  readonly path: readonly string[]
  readonly kind: BlockKind
  /** Name, with a mark for loops and choices. */
  readonly title: string
  readonly className: string
  readonly description: string
  /** Of a branch: when it runs. */
  readonly condition: string | undefined
  readonly chips: readonly PictureChip[]
  readonly notes: readonly PictureNote[]
  /** Whether the given call does not run it. */
  readonly idle: boolean
  readonly parts: readonly PictureBox[]
}

/** A value at the border of the whole. */
export interface PicturePort {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly missing: boolean
}

/** One value from one box or port to another. */
export interface PictureLink {
  readonly from: string
  readonly to: string
  readonly name: string
  readonly type: string
  readonly carried: boolean
  readonly missing: boolean
}

/** A picture. */
export interface Picture {
  readonly root: PictureBox
  readonly inputs: readonly PicturePort[]
  readonly outputs: readonly PicturePort[]
  readonly links: readonly PictureLink[]
}

/** Longest default that is shown. */
const LONGEST_DEFAULT = 24

/** Makes the picture of a tree. */
export function pictureOf(blocks: BlockNode, { given }: PictureOptions = {}): Picture {
  const traced = traceFlow(blocks, given)
  // Without a call there is nothing that it lacks: what no block supplies comes from the caller.
  const flow =
    given === undefined ? { ...traced, edges: traced.edges.map(edge => ({ ...edge, missing: false })) } : traced
  const ids = new Map<string, string>()
  const root = boxOf(blocks, {
    flow,
    isCall: given !== undefined,
    ids,
    path: [],
    name: undefined,
    condition: undefined,
  })
  const inputs = new Map<string, PicturePort>()
  const outputs = new Map<string, PicturePort>()
  const portOf = (ports: Map<string, PicturePort>, prefix: string, port: Omit<PicturePort, 'id'>): string => {
    const known = ports.get(port.name)
    const id = known?.id ?? `${prefix}${ports.size}`
    ports.set(port.name, {
      ...port,
      type: known?.type ?? port.type,
      id,
      missing: port.missing || known?.missing === true,
    })
    return id
  }
  const links = flow.edges.map(({ from, to, ...value }): PictureLink => {
    const { name, type, missing } = value
    return {
      ...value,
      from: from ? (ids.get(pathKey(from)) as string) : portOf(inputs, 'in', { name, type, missing }),
      to: to ? (ids.get(pathKey(to)) as string) : portOf(outputs, 'out', { name, type, missing }),
    }
  })
  return { root, inputs: [...inputs.values()], outputs: [...outputs.values()], links }
}

interface BoxPlace {
  readonly flow: Flow
  /** Whether the picture is of one call, which may lack something. */
  readonly isCall: boolean
  readonly ids: Map<string, string>
  readonly path: readonly string[]
  readonly name: string | undefined
  readonly condition: string | undefined
}

function boxOf(block: BlockNode, { flow, isCall, ids, path, name, condition }: BoxPlace): PictureBox {
  const key = pathKey(path)
  const id = `b${ids.size}`
  ids.set(key, id)
  const conditions = isConditional(block) ? branchConditions(block) : undefined
  const isNumbered = block.kind === 'sequential' || block.kind === 'loop'
  const parts = [...block.subBlocks].map(([part, child], i) => {
    const when = conditions?.get(part)
    return boxOf(child, {
      flow,
      isCall,
      ids,
      path: [...path, part],
      name: isNumbered ? `${i + 1}. ${part}` : part,
      condition: when && conditionText(when),
    })
  })
  const runs = isComposite(block) && !isLoop(block) ? parts.some(part => !part.idle) : flow.running.has(key)
  const own = isLoop(block) ? block.loopExpectedComponents : isComposite(block) ? [] : block.expectedComponents
  return {
    id,
    path,
    kind: block.kind,
    title: titleOf(block, name ?? classNameOf(block)),
    className: name === undefined ? '' : classNameOf(block),
    description: block.description,
    condition,
    chips: own.map(spec => ({ name: spec.name, className: spec.typeName ?? 'any' })),
    notes: notesOf(key, flow, isCall),
    idle: !runs && !(isComposite(block) && parts.length === 0),
    parts,
  }
}

function titleOf(block: BlockNode, name: string): string {
  if (isConditional(block)) return `◇ ${name}`
  if (!isLoop(block)) return name
  const variables = [...iterationVariables(block)]
  return `↻ ${name}${variables.length > 0 ? ` (each ${variables.join(', ')})` : ''}`
}

/** The variables of a loop's own iterations, as far as its parts name them. */
function iterationVariables(block: BlockNode): Set<string> {
  const names = new Set<string>()
  for (const part of block.subBlocks.values()) {
    for (const name of getDeclarations(part.constructor).loopStep?.variables ?? []) names.add(name)
    if (!isLoop(part)) for (const name of iterationVariables(part)) names.add(name)
  }
  return names
}

function notesOf(key: string, { inputs }: Flow, isCall: boolean): PictureNote[] {
  return inputs.flatMap(({ path, input, supply }): PictureNote[] => {
    if (pathKey(path) !== key || input.name === null || supply === 'block' || supply === 'caller') return []
    if (supply === 'missing') return [{ text: `${input.name} (required)`, required: true, missing: isCall }]
    if (input.default === undefined) return [{ text: input.name, missing: false }]
    const value = formatValue(input.default)
    const shown = value.length > LONGEST_DEFAULT ? `${value.slice(0, LONGEST_DEFAULT)}…` : value
    return [{ text: `${input.name} = ${shown}`, missing: false }]
  })
}
