/** The files of the studio, which `npm run build` makes of `studio/`. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** A file that is served as it is. */
export interface StudioFile {
  readonly bytes: Buffer
  readonly mediaType: string
  /** Tag of its content. */
  readonly etag: string
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The page among the files. */
export const PAGE = 'index.html'

/** What the build makes, and the sources do not have. */
const SCRIPT = 'studio.js'

/** Reads the files, by name; `undefined` where the studio was not built. */
export function readStudioFiles(folder = studioFolder()): ReadonlyMap<string, StudioFile> | undefined {
  if (folder === undefined) return undefined
  const names = readdirSync(folder).filter(name => Object.hasOwn(MEDIA_TYPES, extname(name)))
  return new Map(names.map(name => [name, readStudioFile(join(folder, name))]))
}

function readStudioFile(file: string): StudioFile {
  const bytes = readFileSync(file)
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 27)
  return { bytes, mediaType: MEDIA_TYPES[extname(file)] as string, etag: `"${digest}"` }
}

/** `dist/studio`, beside the compiled server or, where this is one of the sources, below the root. */
function studioFolder(): string | undefined {
  const places = [join(__dirname, '..', '..', 'studio'), join(__dirname, '..', '..', 'dist', 'studio')]
  return places.find(place => existsSync(join(place, SCRIPT)))
}
