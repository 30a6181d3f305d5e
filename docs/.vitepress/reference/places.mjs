/** Where the pages of the docs and what is generated for them lie. */
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..', '..')
export const docs = join(root, 'docs')

/** Files of the repository outside of `docs` that have a page, by their paths; the page's path in `docs`. */
export const PAGES_OF_FILES = {
  'CHANGELOG.md': 'reference/changelog.md',
  'CONTRIBUTING.md': 'contribute/contributing.md',
  'plain-words/README.md': 'contribute/plain-words.md',
  'bench/RESULTS.md': 'reference/results.md',
}

/** Folders of pages that are generated. */
export const generated = {
  api: join(docs, 'reference', 'api'),
  samples: join(docs, 'reference', 'samples'),
}

/** All files and folders that are generated. They are ignored by Git, and no part of the package. */
export const ALL_GENERATED = [
  ...Object.values(generated),
  ...Object.values(PAGES_OF_FILES).map(page => join(docs, page)),
]
