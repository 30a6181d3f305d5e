/** Where the pages of the docs and what is generated for them lie. */
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..', '..')
export const docs = join(root, 'docs')

/** Files and folders that are generated. They are ignored by Git, and no part of the package. */
export const generated = {
  api: join(docs, 'reference', 'api'),
  samples: join(docs, 'reference', 'samples'),
  changelog: join(docs, 'reference', 'changelog.md'),
  results: join(docs, 'reference', 'results.md'),
  contributing: join(docs, 'contribute', 'contributing.md'),
  plainWords: join(docs, 'contribute', 'plain-words.md'),
}

/** Files of the repository outside of `docs` that have a page, by their paths; the page's path in `docs`. */
export const PAGES_OF_FILES = {
  'CHANGELOG.md': 'reference/changelog.md',
  'CONTRIBUTING.md': 'contribute/contributing.md',
  'plain-words/README.md': 'contribute/plain-words.md',
  'bench/RESULTS.md': 'reference/results.md',
}
