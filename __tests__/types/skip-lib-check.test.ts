import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const root = join(__dirname, '..', '..')
const folder = useTemporaryFolder()

test('the declarations compile without lib "dom" and skipLibCheck', () => {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'node20',
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  const files = ['dist/index.d.ts', 'dist/testing/index.d.ts', 'types/without-dom.d.ts'].map(name => join(root, name))
  writeFileSync(join(folder(), 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  const compile = () =>
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', folder()], { encoding: 'utf8' })
  expect(compile()).toBe('')
})
