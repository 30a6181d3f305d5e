/** Packages that blocks ask for beside this one. Counterpart: _validate_requirements of diffusers modular_pipelines/modular_pipeline_utils.py. */
import { InvalidRequirementsError } from '../errors/invalid-requirements-error'

/** Names of packages, and which versions of them will do, as ranges of npm. */
export type Requirements = Readonly<Record<string, string>>

/** The most alternatives of a joined range: several that hold some each hold the product of them. */
const MOST_ALTERNATIVES = 1000
/** The longest range that is joined to another, in letters. */
const LONGEST = 10_000

/** What all of these ask for: a package that several name must suit each of them.
 * @throws InvalidRequirementsError for ranges with too many alternatives to be joined */
export function joinRequirements(all: readonly Requirements[]): Requirements {
  // No plain object, which answers to names such as "constructor" by itself.
  const joined = new Map<string, string>()
  for (const requirements of all) {
    for (const [name, range] of Object.entries(requirements)) {
      const earlier = joined.get(name)
      joined.set(name, earlier === undefined || earlier === range ? range : bothOf(name, earlier, range))
    }
  }
  return Object.fromEntries(joined)
}

/** The range of what is in both: `a || b` with `c` is `a c || b c`. */
function bothOf(name: string, first: string, second: string): string {
  const [some, others] = [first, second].map(range => range.split('||').map(part => part.trim())) as [
    string[],
    string[],
  ]
  if (some.length * others.length > MOST_ALTERNATIVES || first.length + second.length > LONGEST) {
    throw new InvalidRequirementsError('All blocks together', name, `${first} and ${second}`)
  }
  return some.flatMap(one => others.map(other => `${one} ${other}`)).join(' || ')
}
