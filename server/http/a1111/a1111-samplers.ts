/** Samplers as AUTOMATIC1111 names them. A pipeline has one: jobs cannot choose another. */
import { schedulerNames } from '../../../components'
import { classNameOf } from '../../../src/format/class-name'
import type { CatalogEntry } from '../catalog'
import type { FieldProblem } from '../problem'

/** A sampler in answers. */
export interface A1111Sampler {
  readonly name: string
  readonly aliases: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

/** Settings that space the noise levels: their plain form is the sampler's own. */
const SPACINGS: ReadonlySet<string> = new Set(['useKarrasSigmas', 'useExponentialSigmas', 'useBetaSigmas'])

/** The sampler of a pipeline; `undefined` where its scheduler is not known. */
export function samplerOf({ scheduler }: CatalogEntry): A1111Sampler | undefined {
  if (scheduler === undefined) return undefined
  const aliases = Object.entries(schedulerNames)
    .filter(([name, { schedulerClass }]) => name !== scheduler && classNameOf(schedulerClass) === scheduler)
    // Names that stand for settings may not be what the model has.
    .filter(([, { settings }]) => Object.entries(settings).every(([name, value]) => SPACINGS.has(name) && !value))
    .map(([name]) => name)
  return { name: scheduler, aliases, options: {} }
}

/** What is wrong with the name of a sampler: capitals do not count, and a space stands for an underscore. */
export function samplerProblem(entry: CatalogEntry, field: string, given: string): FieldProblem | undefined {
  const sampler = samplerOf(entry)
  const plain = (name: string) => name.toLowerCase().replaceAll(/[\s-]+/g, '_')
  const names = sampler === undefined ? [] : [sampler.name, ...sampler.aliases]
  if (names.some(name => plain(name) === plain(given))) return undefined
  const advice =
    sampler === undefined ? 'Leave it out.' : `Leave it out, or send ${names.map(name => `"${name}"`).join(' or ')}.`
  const shown = JSON.stringify(given.slice(0, 100))
  return { pointer: `#/${field}`, detail: `The pipeline "${entry.name}" does not have the sampler ${shown}. ${advice}` }
}
