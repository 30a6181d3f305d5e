/** Which names must be there for a branch to run: found by asking the choice, so it holds for rules of any kind. */
import type { ChoiceNode } from './block-node'

// Every set of this many names is tried: 256 questions.
const MAX_TRIGGERS = 8

/** When one branch runs. */
export interface BranchCondition {
  /** The smallest sets of names whose presence chooses the branch; empty for one that is never chosen by what is there. */
  readonly when: readonly (readonly string[])[]
  /** Whether it runs where nothing is given that chooses. */
  readonly otherwise: boolean
}

/** The condition of each branch, by name, in order. */
export function branchConditions(choice: ChoiceNode): Map<string, BranchCondition> {
  const sets = subsets([...new Set(choice.triggerNames)])
  const chosen = sets.map(names => branchFor(choice, new Set(names)))
  return new Map(
    [...choice.subBlocks.keys()].map(branch => {
      const choosing = sets.filter((names, i) => names.length > 0 && chosen[i] === branch)
      const otherwise = chosen[0] === branch
      return [branch, { when: otherwise ? [] : choosing.filter(names => isSmallest(names, choosing)), otherwise }]
    }),
  )
}

/** `with mask`, `with mask and image, or with layers`, `otherwise`, `never`. */
export function conditionText({ when, otherwise }: BranchCondition, show = (name: string) => name): string {
  if (otherwise) return 'otherwise'
  return when.map(names => `with ${names.map(show).join(' and ')}`).join(', or ') || 'never'
}

/** The sets of the names, the empty one first; of very many names, only those of one. */
function subsets(names: readonly string[]): string[][] {
  if (names.length > MAX_TRIGGERS) return [[], ...names.map(name => [name])]
  return Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, i) => (bits >> i) & 1))
}

function branchFor(choice: ChoiceNode, given: ReadonlySet<string>): string | undefined {
  try {
    return choice.chooseBranch(name => (given.has(name) ? true : undefined))?.[0]
  } catch {
    return undefined // A rule may refuse some combinations.
  }
}

function isSmallest(names: readonly string[], others: readonly (readonly string[])[]): boolean {
  return !others.some(other => other.length < names.length && other.every(name => names.includes(name)))
}
