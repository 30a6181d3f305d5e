/** What the compiler says of a program that is not a file. */
import { join } from 'node:path'
import ts from 'typescript'

const root = join(__dirname, '..', '..')
const file = join(root, '__tests__', 'types', 'made-here.ts')

/** What is wrong with a program that is in this folder. */
export function complaintsAbout(text: string, options: ts.CompilerOptions): string[] {
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = name => name === file || fileExists(name)
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest)
  const program = ts.createProgram([file], options, host)
  return program
    .getSemanticDiagnostics(program.getSourceFile(file))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
