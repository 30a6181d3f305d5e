/** How long the compiler takes for a large tree of blocks whose pipeline is called. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { largeTree } from './large-tree'
import { median } from './median'

// Compiled files are in dist/bench.
const root = join(__dirname, '..', '..')

/** Leaves of the tree. */
const BLOCKS = 60

/** Runs of each program, of which the median counts. */
const RUNS = 3

/** Seconds of a type check of one program, its start and the reading of libraries included.
 * @throws Error with what the compiler says of a program that it refuses */
async function checkProgram(folder: string, text: string): Promise<number> {
  await writeFile(join(folder, 'program.ts'), text)
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        rootDir: '/',
        types: ['node'],
        typeRoots: [join(root, 'node_modules', '@types')],
        paths: {
          tesserae: [join(root, 'dist', 'index.d.ts')],
          zod: [join(root, 'node_modules', 'zod', 'index.d.cts')],
        },
      },
      include: [],
      files: ['program.ts'],
    }),
  )
  const start = performance.now()
  try {
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    throw new Error(`The program does not compile:\n${(error as { stdout: string }).stdout}`)
  }
  return (performance.now() - start) / 1000
}

/** Measures the type check of a large tree of blocks, and prints a table. */
export async function measureTypeCheck(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tesserae-types-'))
  const programs = {
    'the imports alone': largeTree(0, false),
    [`a tree of ${BLOCKS} blocks`]: largeTree(BLOCKS, false),
    'the same, made into a pipeline and called': largeTree(BLOCKS, true),
  }
  const seconds = new Map<string, number[]>(Object.keys(programs).map(name => [name, []]))
  try {
    for (let run = 0; run < RUNS; run++) {
      for (const [name, text] of Object.entries(programs)) seconds.get(name)?.push(await checkProgram(folder, text))
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  const [base = 0] = [...seconds.values()].map(median)
  console.log('\n| type check of | seconds | more than the imports |\n|---|---|---|')
  for (const [name, values] of seconds) {
    const middle = median(values)
    console.log(`| ${name} | ${middle.toFixed(2)} | ${(middle - base).toFixed(2)} |`)
  }
}
