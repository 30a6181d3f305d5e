/** Explains the error of Node for `import()` in custom code. Node calls nothing of ours there: its error comes out of the block that uses `import()`. */
import { CustomCodeError } from '../errors/custom-code-error'

/** The codes of all supported versions of Node. */
const CODES = ['ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING', 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG']

/** Files of custom code that ran in this process. */
const files = new Set<string>()

/** Registers a file of custom code, whose errors {@link explainImport} recognizes. */
export function registerCodeFile(file: string): void {
  files.add(file)
}

/** Returns the error to report for one that came out of a block: for a refused `import()`, it names the file and what to do. */
export function explainImport(error: unknown): unknown {
  if (!(error instanceof Error) || !CODES.includes((error as NodeJS.ErrnoException).code ?? '')) return error
  const stack = String(error.stack)
  // The first of them is where `import()` stands, and the others called it.
  const places = [...files].map(file => ({ file, at: stack.indexOf(`${file}:`) })).filter(({ at }) => at >= 0)
  const [first] = places.sort((a, b) => a.at - b.at)
  if (first === undefined) return error
  const line = /^\d+/.exec(stack.slice(first.at + first.file.length + 1))?.[0] ?? '?'
  const problem = `line ${line} uses import(), which is refused: a pin does not cover what it loads. Use require() for packages and for files of the folder.`
  return new CustomCodeError(first.file, problem, error)
}
