/** A name stands for one thing: no two files export it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const FOLDERS = ['src', 'components', 'blocks', 'cli', 'server', 'testing']
/** Written by scripts: each file of a kind exports the same name. */
const GENERATED = /^components\/(assembled|backends\/onnx\/generated)\//

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const|let|interface|type|enum) (\w+)/gm

/** The files that export each name that they declare themselves. */
function exportedNames(): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>()
  for (const folder of FOLDERS) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const path = join(folder, file).replaceAll('\\', '/')
      if (!path.endsWith('.ts') || GENERATED.test(path)) continue
      for (const [, name = ''] of readFileSync(join(root, path), 'utf8').matchAll(DECLARATION)) {
        names.set(name, (names.get(name) ?? new Set()).add(path))
      }
    }
  }
  return names
}

test('each exported name is declared in one file', () => {
  const names = exportedNames()
  expect(names.get('ModularPipeline')).toEqual(new Set(['src/pipeline/modular-pipeline.ts']))
  expect([...names].filter(([, files]) => files.size > 1)).toEqual([])
})
