/** Holds what blocks ask for against what is installed. */
import { dirname, join } from 'node:path'
import satisfies from 'semver/functions/satisfies'
import validRange from 'semver/ranges/valid'
import { joinRequirements, type Requirements } from '../composition/join-requirements'
import { InvalidRequirementsError } from '../errors/invalid-requirements-error'
import { readTextSync } from '../files/read-text'
import { parseJson } from '../format/parse-json'
import { findPackageFile } from './outside-modules'

/** Packages that blocks may ask for, and characters of a range: each is parsed, looked up, and perhaps warned of. */
const MOST_REQUIREMENTS = 200
const LONGEST_RANGE = 10_000

/**
 * Requirements from a file or a decorator, with those that are gathered under the names of blocks brought together.
 *
 * @param source the file or class that states them, for the error
 * @throws InvalidRequirementsError
 */
export function readRequirements(value: unknown, source: string): Requirements {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value) || Object.keys(value).length > MOST_REQUIREMENTS)
    throw new InvalidRequirementsError(source, undefined, value)
  return joinRequirements(
    Object.entries(value).map(([name, stated]: [string, unknown]) => {
      if (typeof stated === 'object' && stated !== null) return readRequirements(stated, source)
      // Python writes the bounds of a range with commas between them.
      const range = typeof stated === 'string' ? stated.replaceAll(',', ' ').trim() : undefined
      if (name.trim() === '' || range === undefined || range.length > LONGEST_RANGE || validRange(range) === null) {
        throw new InvalidRequirementsError(source, name, stated)
      }
      return { [name]: range }
    }),
  )
}

/** What is wrong with the packages that are installed, a sentence for each that is missing or of another version. */
export function unmetRequirements(requirements: Requirements): string[] {
  return Object.entries(requirements).flatMap(([name, range]) => {
    const version = installedVersion(name)
    if (version === undefined)
      return [`The package ${name} (${range}) is not installed: npm install "${name}@${range}".`]
    // A version that is being worked on will do where its release would.
    if (satisfies(version, range, { includePrerelease: true })) return []
    return [`The package ${name} should be ${range}, but ${version} is installed: npm install "${name}@${range}".`]
  })
}

function installedVersion(name: string): string | undefined {
  for (let folder = dirname(findPackageFile(name) ?? ''); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = parseJson(readTextSync(join(folder, 'package.json'))) as Record<string, unknown>
      if (manifest['name'] === name) return String(manifest['version'])
    } catch {
      // The package may begin further up.
    }
  }
  return undefined
}
