/** The core runs where there is no Node: a build replaces the files of src/platform, and nothing else. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build, type Plugin } from 'esbuild'

const root = join(__dirname, '..', '..')
const replacements = join(__dirname, 'browser', 'platform')

/** Takes the small files of the test in place of those of src/platform. */
const replacePlatform: Plugin = {
  name: 'replace-platform',
  setup({ onResolve }) {
    onResolve({ filter: /\/platform\/[\w-]+$/ }, ({ path, importer }) =>
      importer.startsWith(join(root, 'src')) ? { path: join(replacements, `${basename(path)}.ts`) } : undefined,
    )
  },
}

async function bundle(entry: string) {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'app',
    target: 'es2023',
    write: false,
    metafile: true,
    logLevel: 'silent',
    absWorkingDir: root,
    tsconfig: join(root, 'tsconfig.json'),
    plugins: [replacePlatform],
  })
  return { code: outputFiles[0]?.text ?? '', files: Object.keys(metafile.inputs) }
}

/** Runs a script as a page would: what Node adds to the language is not there, but for what browsers have as well. */
function runAsPage(code: string, warnings: unknown[][]): { main(): Promise<unknown> } {
  const page = createContext({
    console: { warn: (...texts: unknown[]) => warnings.push(texts) },
    performance,
    crypto,
    setTimeout,
    clearTimeout,
    AbortController,
    AbortSignal,
    DOMException,
    TextEncoder,
    TextDecoder,
    URL,
    structuredClone,
  })
  return runInContext(`${code}\napp`, page) as { main(): Promise<unknown> }
}

test('a pipeline of loop blocks runs in a page, with the files of src/platform replaced', async () => {
  const { code, files } = await bundle(join(__dirname, 'browser', 'app.ts'))
  const warnings: unknown[][] = []
  const result = await runAsPage(code, warnings).main()
  // 2 → (2 + 3) / 2 = 2.5 → (2.5 + 6) / 2
  expect(JSON.parse(JSON.stringify(result))).toEqual({
    first: 4.25,
    again: 4.25,
    paths: expect.arrayContaining(['begin', 'iterate', 'iterate.add', 'iterate.halve']),
    missing: 'PIPELINE_VALIDATION',
    cancelled: 'ABORTED',
    unknown: 4.25,
    mermaid: 'flowchart',
    doc: true,
  })
  expect(warnings).toEqual([['UNKNOWN_INPUT', expect.stringContaining('"other"')]])
  // What saves, loads and runs foreign code stays outside.
  expect(files.filter(file => /^src\/(?:files|hub|custom-blocks|storage|platform)\//.test(file))).toEqual([])
  expect(files).toContain('src/pipeline/call-pipeline.ts')
})

test('each file of src/platform has a replacement, and there is no other', () => {
  expect(readdirSync(replacements).sort()).toEqual(readdirSync(join(root, 'src', 'platform')).sort())
})
