/** How the declarations of a composite block follow from those of its parts. Counterpart: diffusers modular_pipelines/modular_pipeline_utils.py. */
import type { AfterLoad } from '../decorators/declarations'
import type { ComponentSpec } from '../params/component-spec'
import { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'

/** Adds those items that equal none already there. */
export function addDistinct<T extends { equals(other: T): boolean }>(list: T[], items: readonly T[]): T[] {
  for (const item of items) if (!list.some(known => known.equals(item))) list.push(item)
  return list
}

/** Adds those components that are not there already. What one of two equal specs does after loading or without files holds for both. */
export function addComponents(list: ComponentSpec[], specs: readonly ComponentSpec[]): ComponentSpec[] {
  for (const spec of specs) {
    const index = list.findIndex(known => known.equals(spec))
    const known = list[index]
    if (known === undefined) {
      list.push(spec)
      continue
    }
    const afterLoad = known.afterLoad ?? spec.afterLoad
    const withoutFiles = known.withoutFiles ?? spec.withoutFiles
    const isWhole = known.afterLoad === afterLoad && known.withoutFiles === withoutFiles
    if (!isWhole) list[index] = known.with({ afterLoad, withoutFiles })
  }
  return list
}

/** The components with what is done after loading; what a component's own spec says wins. */
export function treatAfterLoad(specs: readonly ComponentSpec[], afterLoad: AfterLoad): readonly ComponentSpec[] {
  if (Object.keys(afterLoad).length === 0) return specs
  return specs.map(spec => {
    const treat = spec.afterLoad === undefined && Object.hasOwn(afterLoad, spec.name) ? afterLoad[spec.name] : undefined
    return treat === undefined ? spec : spec.with({ afterLoad: treat })
  })
}

/** The key of an input among the inputs of branches: groups are told apart by their type. */
function branchKey(input: InputParam): string {
  return input.name ?? `*_${input.kwargsType}`
}

/**
 * Inputs of blocks of which one runs. The first declaration of a name stands; where defaults differ, it loses its default and records that of
 * each branch, so that the branch that runs applies its own.
 */
export function combineInputs(branches: readonly (readonly [string, readonly InputParam[]])[]): InputParam[] {
  const combined = new Map<string, InputParam>()
  const defaults = new Map<string, Map<string, unknown>>()
  for (const [branch, inputs] of branches) {
    for (const input of inputs) {
      const key = branchKey(input)
      const known = defaults.get(key) ?? new Map<string, unknown>()
      defaults.set(key, known)
      if (input.defaultsByBlock) {
        for (const [name, value] of Object.entries(input.defaultsByBlock)) known.set(`${branch}.${name}`, value)
      } else {
        known.set(branch, input.default)
      }
      const first = combined.get(key)
      if (first === undefined) {
        combined.set(key, input)
      } else if (new Set(known.values()).size > 1) {
        combined.set(key, first.with({ default: undefined, defaultsByBlock: Object.fromEntries(known) }))
      }
    }
  }
  return [...combined.values()]
}

/** Outputs of several blocks: the first of a name stands, unless a later one is tagged with a group and it is not. */
export function combineOutputs(blocks: readonly (readonly OutputParam[])[]): OutputParam[] {
  const combined = new Map<string, OutputParam>()
  for (const output of blocks.flat()) {
    const known = combined.get(output.name)
    if (known === undefined || (known.kwargsType === undefined && output.kwargsType !== undefined)) {
      combined.set(output.name, output)
    }
  }
  return [...combined.values()]
}

/** The inputs with `required` set again. Copies: the declarations belong to the blocks that made them. */
export function markRequired(inputs: readonly InputParam[], required: ReadonlySet<string>): InputParam[] {
  return inputs.map(input => {
    const isRequired = input.name !== null && required.has(input.name)
    return isRequired === input.required ? input : input.with({ required: isRequired })
  })
}
