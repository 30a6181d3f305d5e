/** What the compiler learns from the declarations that the package brings, where nothing else is imported. */
import { join } from 'node:path'
import ts from 'typescript'

const root = join(__dirname, '..', '..')

/** What the compiler says of a file that imports the package as it is published. */
function complaints(text: string): string[] {
  const name = join(root, '__tests__', 'types', 'of-a-user.ts')
  const options: ts.CompilerOptions = {
    strict: true,
    experimentalDecorators: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.Node20,
    types: [],
    paths: { tesserae: [join(root, 'dist', 'index.d.ts')] },
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = file => file === name || fileExists(file)
  host.getSourceFile = (file, ...rest) =>
    file === name ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(file, ...rest)
  const program = ts.createProgram([name], options, host)
  return program
    .getSemanticDiagnostics(program.getSourceFile(name))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

test('tensors have the operations as methods', () => {
  const found = complaints(`
    import { DecodeLatents } from 'tesserae'
    export class Negative extends DecodeLatents {
      override async run() {
        await super.run()
        this.pixels = this.pixels.neg().noSuchOperation()
      }
    }
  `)
  expect(found).toEqual([expect.stringContaining("'noSuchOperation' does not exist")])
})
