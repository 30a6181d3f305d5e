/** Packages that blocks ask for beside this one. Counterpart: _validate_requirements of diffusers modular_pipelines/modular_pipeline_utils.py. */

/** Names of packages, and which versions of them will do, as ranges of npm. */
export type Requirements = Readonly<Record<string, string>>

/** What all of these ask for: a package that several name must suit each of them. */
export function joinRequirements(all: readonly Requirements[]): Requirements {
  const joined: Record<string, string> = {}
  for (const requirements of all) {
    for (const [name, range] of Object.entries(requirements)) {
      const earlier = joined[name]
      joined[name] = earlier === undefined || earlier === range ? range : bothOf(earlier, range)
    }
  }
  return joined
}

/** The range of what lies in both: `a || b` with `c` is `a c || b c`. */
function bothOf(first: string, second: string): string {
  const [some, others] = [first, second].map(range => range.split('||').map(part => part.trim())) as [
    string[],
    string[],
  ]
  return some.flatMap(one => others.map(other => `${one} ${other}`)).join(' || ')
}
