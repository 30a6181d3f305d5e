/**
 * Writes modules of TypeScript into `components/assembled`. They hold the WebAssembly of each AssemblyScript file in
 * this folder, in base64, and the text of the program that runs in its own process. `npm run assemble` does it after a
 * change; a test fails when that was forgotten.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const here = fileURLToPath(new URL('.', import.meta.url))
const OPTIONS = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory']

/** The programs by the names of their modules. */
const PROGRAMS = { 'session-process': 'components/executors/graph/session-process.cjs' }

/** The names of the modules. */
export function moduleNames() {
  const assembled = readdirSync(here).filter(file => file.endsWith('.as.ts'))
  return [...assembled.map(file => basename(file, '.as.ts')), ...Object.keys(PROGRAMS)]
}

/** The text of one TypeScript module. */
export async function assemble(name) {
  return name in PROGRAMS ? embed(PROGRAMS[name]) : assembleWasm(name)
}

/** The TypeScript module with the text of a program. */
function embed(file) {
  // Comments are left out: the text becomes an environment variable.
  const text = readFileSync(join(here, '..', file), 'utf8').replace(
    /^ *(\/\*\*[\s\S]*?\*\/|\/\/.*)\n|\/\*\*.*?\*\/ /gm,
    '',
  )
  if (/[`\\]|\$\{/.test(text))
    throw new Error(`${file} must hold no backtick, backslash or \${: it is written as a template.`)
  return [
    `/** The program \`${file}\` as text: written by \`npm run assemble\`, not by hand. */`,
    `export const program = \`${text}\``,
    '',
  ].join('\n')
}

/** The TypeScript module with the bytes of one. */
async function assembleWasm(name) {
  let bytes = new Uint8Array()
  const { error, stderr } = await asc.main([`${name}.as.ts`, '--outFile', `${name}.wasm`, ...OPTIONS], {
    readFile: file => (file === `${name}.as.ts` ? readFileSync(join(here, file), 'utf8') : null),
    writeFile: (_file, contents) => {
      bytes = contents
    },
    listFiles: () => [],
  })
  if (error) throw new Error(`${name}.as.ts cannot be assembled:\n${stderr}`, { cause: error })
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,110}/g) ?? []
  return [
    `/** The WebAssembly of \`assembly/${name}.as.ts\`, in base64: written by \`npm run assemble\`, not by hand. */`,
    'export const bytes = [',
    ...lines.map(line => `  '${line}',`),
    "].join('')",
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of moduleNames()) {
    writeFileSync(join(here, '..', 'components', 'assembled', `${name}.ts`), await assemble(name))
  }
}
