/** Bundles the studio into `dist/studio`: one script, one style sheet, one page. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, '..', 'dist', 'studio')

await mkdir(out, { recursive: true })
const { metafile } = await build({
  entryPoints: { studio: join(here, 'main.tsx') },
  outdir: out,
  tsconfig: join(here, 'tsconfig.json'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  metafile: true,
  legalComments: 'none',
})
await copyFile(join(here, 'index.html'), join(out, 'index.html'))

// The packages inside of the script come with their licences.
const packages = Object.keys(metafile.inputs).flatMap(
  file => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
)
const licences = await Promise.all(
  [...new Set(packages)].sort().map(async name => {
    const folder = join(here, '..', 'node_modules', name)
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version}\n\n${await readFile(join(folder, 'LICENSE'), 'utf8')}`
  }),
)
await writeFile(join(out, 'LICENSES.txt'), licences.join('\n----\n\n'))
