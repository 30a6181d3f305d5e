/** The version of this package. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Reads the version; `0.0.0` where the package was bundled into another file. */
export function packageVersion(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>
      if (name === 'tesserae' && version !== undefined) return version
    } catch {
      // It lies further out.
    }
  }
  return '0.0.0'
}
