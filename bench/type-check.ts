/** `node dist/bench/type-check.js`: how long the compiler takes for a large tree of blocks whose pipeline is called. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { largeTree } from './large-tree'
import { median } from './median'

// Compiled files lie in dist/bench.
const root = join(__dirname, '..', '..')

interface Options {
  blocks: string
  runs: string
}

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

async function main({ blocks, runs }: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tesserae-types-'))
  const programs = {
    'the imports alone': largeTree(0, false),
    [`a tree of ${blocks} blocks`]: largeTree(Number(blocks), false),
    'the same, made into a pipeline and called': largeTree(Number(blocks), true),
  }
  const seconds = new Map<string, number[]>(Object.keys(programs).map(name => [name, []]))
  try {
    for (let run = 0; run < Number(runs); run++) {
      for (const [name, text] of Object.entries(programs)) seconds.get(name)?.push(await checkProgram(folder, text))
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  const [base = 0] = [...seconds.values()].map(median)
  for (const [name, values] of seconds) {
    const middle = median(values)
    console.log(`${name.padEnd(42)} ${middle.toFixed(2)} s  (+${(middle - base).toFixed(2)} s)`)
  }
}

new Command('type-check')
  .description('Measures the type check of a large tree of blocks.')
  .option('--blocks <n>', 'leaves of the tree', '60')
  .option('--runs <n>', 'runs of each program, of which the median counts', '3')
  .action(main)
  .parseAsync()
