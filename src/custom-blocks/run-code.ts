/** Runs code of a model's folder: modules of CommonJS, from the text that was trusted. */
import { dirname, join, posix } from 'node:path'
import { compileFunction, constants } from 'node:vm'
import { CustomCodeError } from '../errors/custom-code-error'
import type { CodeFiles } from './code-files'
import { requireOutside } from './outside-modules'

/** What a module of CommonJS works with. */
interface Module {
  exports: unknown
}

/** Endings that a module may be asked for without. */
const ENDINGS = ['', '.js', '.cjs', '/index.js', '/index.cjs']

/** The modules of one folder, each run once. */
export class CodeRunner {
  private readonly modules = new Map<string, Module>()

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
    const module: Module = { exports: {} }
    this.modules.set(path, module)
    try {
      const body = compile(text, file)
      body.call(module.exports, module.exports, (name: string) => this.require(name, path), module, file, dirname(file))
    } catch (error) {
      this.modules.delete(path)
      throw error instanceof CustomCodeError ? error : failed(file, error)
    }
    return module.exports
  }

  /** What `require(name)` gives to a module of the folder. */
  private require(name: string, from: string): unknown {
    if (!/^\.{1,2}(?:\/|$)/.test(name)) return requireOutside(name)
    const path = posix.join(posix.dirname(from), name)
    const found = ENDINGS.map(ending => path + ending).find(candidate => this.code.texts.has(candidate))
    if (found !== undefined) return this.run(found)
    const problem = path.startsWith('..')
      ? `asks for ${JSON.stringify(name)}, which leads out of the folder: that is refused.`
      : `asks for ${JSON.stringify(name)}, which is no file of code in the folder.${this.whatIsThere()}`
    throw new CustomCodeError(join(this.code.folder, from), problem)
  }

  private whatIsThere(): string {
    const names = [...this.code.texts.keys()]
    return names.length === 0 ? ' There is no .js or .cjs file.' : ` There are: ${names.join(', ')}.`
  }
}

function compile(text: string, filename: string): (...values: unknown[]) => unknown {
  return compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as (...values: unknown[]) => unknown // It is a function of these parameters.
}

function failed(file: string, error: unknown): CustomCodeError {
  const isError = typeof error === 'object' && error !== null && 'message' in error
  const { name, message } = isError ? (error as Error) : { name: 'Error', message: String(error) }
  const isModule = name === 'SyntaxError' && /\b(?:import|export|await)\b/.test(message)
  const advice = isModule ? ' Code of blocks is CommonJS: compile it with "module": "commonjs".' : ''
  return new CustomCodeError(file, `cannot be loaded: ${name}: ${message}.${advice}`.replace('..', '.'), error)
}
