import { join } from 'node:path'
import ts from 'typescript'
import { largeTree } from '../../bench/large-tree'

const root = join(__dirname, '..', '..')
const file = join(root, '__tests__', 'types', 'made-here.ts')

/** What the compiler says of a program. */
function complaints(text: string): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const given = { ...options, noEmit: true, types: ['node'], paths: { tesserae: [join(root, 'src', 'index.ts')] } }
  const host = ts.createCompilerHost(given)
  const { getSourceFile, fileExists } = host
  host.fileExists = name => name === file || fileExists(name)
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest)
  const program = ts.createProgram([file], given, host)
  return program
    .getSemanticDiagnostics(program.getSourceFile(file))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

test('the compiler knows what a tree of 60 blocks takes and gives', () => {
  expect(complaints(largeTree(60, true))).toEqual([])
})
