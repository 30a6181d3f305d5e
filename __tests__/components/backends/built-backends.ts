/** The backends compiled to JavaScript, for tests that run them in a process of their own. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'

const ROOT = join(__dirname, '../../..')
/** The folders that the backends need, with all that is in them. */
const SOURCES = ['components/assembled', 'components/backends', 'components/tensors', 'src']

/** A folder with a compiled copy, in a path with spaces, that sees the packages of this repository and others beside them. */
export interface BuiltBackends {
  /** Path of a compiled module, e.g. `select-backend`. */
  module(name: string): string
  /** Adds a package, or hides one behind other code. */
  addPackage(name: string, code: string): void
  remove(): void
}

export function buildBackends(): BuiltBackends {
  const folder = mkdtempSync(join(tmpdir(), 'built backends '))
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), path => readFileSync(path, 'utf8'))
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  for (const source of SOURCES) {
    const files = readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' })
    for (const file of files.filter(name => name.endsWith('.ts'))) {
      const fileName = join(ROOT, source, file)
      const { outputText } = ts.transpileModule(readFileSync(fileName, 'utf8'), { compilerOptions: options, fileName })
      const target = join(folder, source, file.replace(/\.ts$/, '.js'))
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, outputText)
    }
  }
  linkPackages(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return {
    module: name => join(folder, 'components/backends', name),
    addPackage: (name, code) => {
      const path = join(folder, 'node_modules', name)
      rmSync(path, { recursive: true, force: true })
      mkdirSync(path, { recursive: true })
      writeFileSync(join(path, 'index.js'), code)
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function linkPackages(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter(entry => !entry.startsWith('.'))) {
    if (name === '@tensorflow') linkPackages(join(from, name), join(to, name))
    else symlinkSync(join(from, name), join(to, name))
  }
}
