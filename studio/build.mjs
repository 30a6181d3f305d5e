/** Bundles the studio into `dist/studio`: one script, one style sheet, one page. */
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, '..', 'dist', 'studio')

await mkdir(out, { recursive: true })
await build({
  entryPoints: { studio: join(here, 'main.tsx') },
  outdir: out,
  tsconfig: join(here, 'tsconfig.json'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  // Notices of licences stay beside the code.
  legalComments: 'linked',
})
await copyFile(join(here, 'index.html'), join(out, 'index.html'))
