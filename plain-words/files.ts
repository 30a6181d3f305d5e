/** Finds the files that people read. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Files and folders of the repository that hold prose. */
export const PLACES: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'index.ts',
  ...['docs', 'templates', 'samples', 'src', 'components', 'blocks', 'cli', 'server', 'studio', 'testing'],
  ...['bench', 'fuzz', 'assembly', 'plain-words', 'pictures', 'models', 'deploy', 'types', '__tests__'],
]

/** Names of generated files and folders, and of the list of forms that must not be written. */
const LEFT_OUT = new Set(['node_modules', 'goldens', 'generated', 'dist', 'RESULTS.md', 'banned-forms.ts'])

/** Pages that `npm run docs` makes of what is read already. */
const GENERATED_PAGES = new Set([
  'docs/contribute/contributing.md',
  'docs/contribute/plain-words.md',
  'docs/reference/api',
  'docs/reference/changelog.md',
  'docs/reference/results.md',
  'docs/reference/samples',
])

/** Returns the paths of all files with prose in a place, relative to the root. */
export function proseFiles(root: string, place: string): string[] {
  if (!statSync(join(root, place)).isDirectory()) return /\.(?:md|m?ts|tsx|mjs|cjs)$/.test(place) ? [place] : []
  return readdirSync(join(root, place))
    .filter(name => !LEFT_OUT.has(name) && !name.startsWith('.') && !GENERATED_PAGES.has(`${place}/${name}`))
    .sort()
    .flatMap(name => proseFiles(root, `${place}/${name}`))
}
