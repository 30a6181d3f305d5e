import { join } from 'node:path'
import ts from 'typescript'
import { largeTree } from '../../bench/large-tree'
import { complaintsAbout } from './complaints'

const root = join(__dirname, '..', '..')

test('the compiler knows what a tree of 60 blocks takes and gives', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const paths = { tesserae: [join(root, 'src', 'index.ts')] }
  expect(complaintsAbout(largeTree(60, true), { ...options, noEmit: true, types: ['node'], paths })).toEqual([])
})
