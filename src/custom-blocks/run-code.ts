/** Runs code of a model's folder: modules of CommonJS, from the text that was trusted. */
import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, posix, relative, sep } from 'node:path'
import { compileFunction } from 'node:vm'
import { CustomCodeError } from '../errors/custom-code-error'
import { printableValue } from '../errors/printable'
import { isContainedPath } from '../files/contained-path'
import type { CodeFiles } from './code-files'
import { findPackageFile, requireOutside } from './outside-modules'
import { lineOfImport } from './refused-import'

/** What a module of CommonJS works with. */
interface CommonJsModule {
  exports: unknown
}

/** Endings that a module may be asked for without. */
const FOLDER_ENDINGS = ['/index.js', '/index.cjs']
const ENDINGS = ['', '.js', '.cjs', ...FOLDER_ENDINGS]

/** The modules of one folder, each run once. */
export class CodeRunner {
  private readonly modules = new Map<string, CommonJsModule>()

  constructor(private readonly code: CodeFiles) {}

  /**
   * What a module exports. It is run at the first time, and so are those of the folder that it asks for.
   *
   * @param path with `/`, from the folder
   * @throws CustomCodeError
   */
  run(path: string): unknown {
    const done = this.modules.get(path)
    if (done !== undefined) return done.exports
    const file = join(this.code.folder, path)
    const text = this.code.texts.get(path)
    if (text === undefined) throw new CustomCodeError(file, `not found.${this.whatIsThere()}`)
    // It is there before it has run, so that two modules may ask for each other.
    const module: CommonJsModule = { exports: {} }
    this.modules.set(path, module)
    try {
      const body = compile(text, file)
      requireNoImport(text, file)
      body.call(module.exports, module.exports, (name: string) => this.require(name, path), module, file, dirname(file))
    } catch (error) {
      this.modules.delete(path)
      throw error instanceof CustomCodeError ? error : failed(file, error)
    }
    return module.exports
  }

  /** What `require(name)` gives to a module of the folder. */
  private require(name: string, from: string): unknown {
    if (typeof name !== 'string')
      throw new CustomCodeError(
        join(this.code.folder, from),
        'calls require() with something that is not a string. Pass the name of a package or of a file.',
      )
    if (!/^\.{1,2}(?:\/|$)/.test(name)) return this.requireInstalled(name, from)
    const path = posix.join(posix.dirname(from), name)
    // A name that ends in a slash or in dots is the one of a folder.
    const endings = /(?:^|\/)\.{0,2}$/.test(name) ? FOLDER_ENDINGS : ENDINGS
    const found = endings
      .map(ending => posix.normalize(path + ending))
      .find(candidate => this.code.texts.has(candidate))
    if (found !== undefined) return this.run(found)
    const problem = path.startsWith('..')
      ? `requires ${JSON.stringify(name)}, which is outside the folder. Blocks may load only files of their own folder and packages.`
      : `requires ${JSON.stringify(name)}, which is not a code file in the folder.${this.whatIsThere()}`
    throw new CustomCodeError(join(this.code.folder, from), problem)
  }

  /** A module of Node or of a package. What a path or an address names was not trusted. */
  private requireInstalled(name: string, from: string): unknown {
    const file = join(this.code.folder, from)
    if (!isPackageName(name)) {
      const problem = `requires ${printableValue(name)}, which is not the name of a package or of a file in the folder. Only these may be loaded.`
      throw new CustomCodeError(file, problem)
    }
    if (LOADERS.includes(name)) {
      throw new CustomCodeError(
        file,
        `requires ${printableValue(name)}, which can load untrusted files and is not allowed.`,
      )
    }
    const path = findPackageFile(name)
    if (path !== undefined && isInside(path, this.code.folder)) {
      const problem = `requires ${printableValue(name)}, which is ${path} in its own folder, where packages are not trusted. Install it in your project.`
      throw new CustomCodeError(file, problem)
    }
    return requireOutside(name)
  }

  private whatIsThere(): string {
    const names = [...this.code.texts.keys()]
    return names.length === 0 ? ' It holds no .js or .cjs file.' : ` It holds: ${names.join(', ')}.`
  }
}

/** Modules of Node whose purpose is to load code from files. */
const LOADERS = ['module', 'node:module']

/** Whether a name is one of a module of Node or of a package, with a path inside of it: no path, no address, and nothing that leads upwards. */
function isPackageName(name: string): boolean {
  const plain = name.replace(/^node:/, '').replace(/^@/, '')
  return isContainedPath(plain) && /^[\w-][\w.-]*(?:\/[\w@$.-]+)*$/.test(plain)
}

/** Whether a file, which may be a module of Node, is in a folder, behind links. */
function isInside(file: string, folder: string): boolean {
  if (!isAbsolute(file)) return false
  const way = relative(realpathSync(folder), realpathSync(file))
  return !isAbsolute(way) && way.split(sep)[0] !== '..'
}

/** Without a callback for it, `import()` fails: Node would load whatever it names from the disk, where it can change at any time. */
function compile(text: string, filename: string): (...values: unknown[]) => unknown {
  return compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename,
  }) as (...values: unknown[]) => unknown // It is a function of these parameters.
}

/** Refuses `import()` before the code runs: its error could come up anywhere. @throws CustomCodeError */
function requireNoImport(text: string, file: string): void {
  const line = lineOfImport(text, changed => {
    try {
      compile(changed, file)
      return true
    } catch {
      return false
    }
  })
  if (line === undefined) return
  const problem = `line ${line} uses import(), which is not allowed: the pinned revision does not cover what it loads. Use require() for packages and for files of the folder.`
  throw new CustomCodeError(file, problem)
}

function failed(file: string, error: unknown): CustomCodeError {
  const isError = typeof error === 'object' && error !== null && 'message' in error
  const { name, message } = isError ? (error as Error) : { name: 'Error', message: String(error) }
  const isModule = name === 'SyntaxError' && /\b(?:import|export|await)\b/.test(message)
  const advice = isModule ? ' Code of blocks is CommonJS: compile it with "module": "commonjs".' : ''
  return new CustomCodeError(file, `cannot be loaded: ${name}: ${message}.${advice}`.replace('..', '.'), error)
}
