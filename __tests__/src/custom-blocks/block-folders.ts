/** Folders of blocks with compiled code in them, as their authors publish them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The file in which the code of {@link DOUBLE} says that it has run: whichever program, or part of one, it ran in. */
const TRACE = 'ran.txt'

/** How often the code of a folder has run. */
export async function runs(folder: string): Promise<number> {
  const trace = await readFile(join(folder, TRACE), 'utf8').catch(() => '')
  return trace.split('\n').length - 1
}

/** A module with a block that doubles `x`; running it leaves a trace. */
export const DOUBLE = `
  const { Block, InputParam, ModularPipelineBlocks, OutputParam } = require('tesserae')
  require('node:fs').appendFileSync(__dirname + '/${TRACE}', 'ran\\n')
  class Double extends ModularPipelineBlocks {
    get inputs() { return [new InputParam({ name: 'x', required: true })] }
    get intermediateOutputs() { return [new OutputParam({ name: 'x' })] }
    run() { this.x *= 2 }
  }
  exports.Double = Double
`

/** The description that goes with {@link DOUBLE}. */
export function doubleConfig(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ _class_name: 'Double', auto_map: { ModularPipelineBlocks: 'block.Double' }, ...fields })
}

/** The files of a folder with {@link DOUBLE}. */
export const doubleFiles: Readonly<Record<string, string>> = {
  'block.js': DOUBLE,
  'modular_config.json': doubleConfig(),
}

/** Writes files into a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}
