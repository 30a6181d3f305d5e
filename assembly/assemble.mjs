/**
 * Makes WebAssembly of the AssemblyScript files in this folder, and writes each as a module of TypeScript into `components/assembled`: its bytes, in
 * base64. `npm run assemble` does it after a change; a test says when that was forgotten.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const here = fileURLToPath(new URL('.', import.meta.url))
const OPTIONS = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory']

/** The names of the modules. */
export function moduleNames() {
  return readdirSync(here)
    .filter(file => file.endsWith('.as.ts'))
    .map(file => basename(file, '.as.ts'))
}

/** The TypeScript module with the bytes of one. */
export async function assemble(name) {
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
