/** Folders whose code cannot be used, and folders without blocks. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BlockConfigError,
  type CustomBlocksOptions,
  CustomCodeError,
  InvalidRequirementsError,
  ModularPipelineBlocks,
  UntrustedCodeError,
} from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { DOUBLE, doubleConfig, doubleFiles, runs, writeFiles } from './block-folders'

const folder = useTemporaryFolder()

async function failure(loading: Promise<unknown>): Promise<unknown> {
  return loading.then(
    () => undefined,
    error => error,
  )
}

/** What trusts the code that is in a folder now. */
async function trustIn(path: string): Promise<CustomBlocksOptions> {
  const error = await failure(ModularPipelineBlocks.fromPretrained(path))
  if (!(error instanceof UntrustedCodeError)) throw error
  return { trustRemoteCode: true, revision: error.refused.revision }
}

/** Blocks of a folder whose code is trusted. */
async function load(path: string): Promise<ModularPipelineBlocks> {
  return ModularPipelineBlocks.fromPretrained(path, await trustIn(path))
}

describe('code that cannot be used', () => {
  const cases: [problem: string, files: Record<string, string>, message: RegExp][] = [
    [
      'asks for what lies elsewhere',
      { 'block.js': "require('../secret')" },
      /is outside the folder\. Blocks may load only files/,
    ],
    [
      'asks for what is not there',
      { 'block.js': "require('./nothing')" },
      /is not a code file in the folder. It holds: block.js/,
    ],
    ['asks for a file by its address', { 'block.js': "require('file:///tmp/x.js')" }, /not the name of a package/],
    ['asks for code in an address', { 'block.js': "require('data:text/javascript,1')" }, /not the name of a package/],
    [
      'asks for an absolute path',
      { 'block.js': 'require(__filename)' },
      /not the name of a package .* Only these may be loaded/,
    ],
    ['asks for a path on a drive', { 'block.js': "require('C:\\\\x.js')" }, /not the name of a package/],
    ['leads out of a package', { 'block.js': "require('zod/../../x.js')" }, /not the name of a package/],
    ['asks for what loads files', { 'block.js': "require('node:module')" }, /can load untrusted files/],
    [
      'asks for a module of ECMAScript',
      { 'block.js': "require('./x.mjs')", 'x.mjs': '' },
      /not a code file in the folder/,
    ],
    ['asks for a native module', { 'block.js': "require('./x.node')", 'x.node': '' }, /not a code file in the folder/],
    ['asks for JSON', { 'block.js': "require('./x.json')", 'x.json': '{}' }, /not a code file in the folder/],
    ['asks for nothing', { 'block.js': 'require()' }, /calls require\(\) with something that is not a string/],
    ['asks for a package that is not there', { 'block.js': "require('not-installed-anywhere')" }, /Cannot find module/],
    [
      'is a module of the other kind',
      { 'block.js': "import { x } from 'tesserae'" },
      /Code of blocks is CommonJS: compile it/,
    ],
    ['throws', { 'block.js': "throw new Error('no luck')" }, /cannot be loaded: Error: no luck/],
    ['is no program', { 'block.js': 'let let' }, /SyntaxError/],
    ['has no such class', { 'block.js': 'exports.Other = class {}' }, /exports no Double; it exports "Other"/],
    ['exports nothing', { 'block.js': 'module.exports = undefined' }, /exports no Double; it exports none/],
    ['has a class of something else', { 'block.js': 'exports.Double = class {}' }, /must extend ModularPipelineBlocks/],
  ]

  test.each(cases)('%s', async (_problem, files, message) => {
    await writeFiles(folder(), { ...doubleFiles, ...files })
    const error = await failure(load(folder()))
    expect(error).toBeInstanceOf(CustomCodeError)
    expect((error as Error).message).toMatch(message)
  })

  test.each([
    ['at once', `${DOUBLE}\nimport('./helper.mjs')`, 11],
    ['in a method', DOUBLE.replace('run() {', "async run() {\nawait import( './helper.mjs' );"), 8],
    [
      'behind words that are none',
      `/* import('x') */ const s = "import('x')", r = /import('x')/\n${DOUBLE}\nvoid import/**/('x')`,
      12,
    ],
    [
      'behind names that hold the word',
      `class Names { #import = 1; get() { return this.#import } }\nconst $import = 1, import$ = $import\n${DOUBLE}\nimport('x')`,
      13,
    ],
    ['in a template', `${DOUBLE}\nconst t = \`import(\${import('x')})\``, 11],
  ])('uses import() %s', async (_where, text, line) => {
    await writeFiles(folder(), { ...doubleFiles, 'block.js': text, 'helper.mjs': 'globalThis.helperRan = true' })
    const error = await failure(load(folder()))
    expect(error).toBeInstanceOf(CustomCodeError)
    expect((error as Error).message).toBe(
      `${join(folder(), 'block.js')}: line ${line} uses import(), which is not allowed: the pinned revision does not cover what it loads. Use require() for packages and for files of the folder.`,
    )
    expect(await runs(folder())).toBe(0)
    expect('helperRan' in globalThis).toBe(false)
  })

  test('may hold the word import where nothing is imported', async () => {
    const words = `/* import('x') */ const s = "import('x')", r = /import('x')/, o = { import() {}, ' import ': 1 }; o.import('x')`
    await writeFiles(folder(), { ...doubleFiles, 'block.js': `${words}\n${DOUBLE}\n// import('x')` })
    expect(await load(folder())).toBeInstanceOf(ModularPipelineBlocks)
  })

  test('can be mended and loaded again', async () => {
    await writeFiles(folder(), { ...doubleFiles, 'block.js': "throw new Error('no luck')" })
    expect(await failure(load(folder()))).toBeInstanceOf(CustomCodeError)
    await writeFiles(folder(), doubleFiles)
    expect(await load(folder())).toBeInstanceOf(ModularPipelineBlocks)
  })

  test('is of Python', async () => {
    await writeFiles(folder(), { 'modular_config.json': doubleConfig(), 'block.py': 'class Double: pass' })
    const error = await failure(ModularPipelineBlocks.fromPretrained(folder()))
    expect(error).toBeInstanceOf(CustomCodeError)
    expect(String(error)).toMatch(/Blocks of Python \(block.py\) do not run here/)
  })
})

describe('a folder without blocks', () => {
  test.each([true, false])('says so, trusted or not (%s)', async trustRemoteCode => {
    await writeFiles(folder(), { 'model_index.json': '{}' })
    const error = await failure(
      ModularPipelineBlocks.fromPretrained(folder(), { trustRemoteCode, revision: 'sha256:0' }),
    )
    expect(error).toBeInstanceOf(BlockConfigError)
    expect(String(error)).toContain('there are no blocks')
  })

  test('is not found', async () => {
    const error = await failure(ModularPipelineBlocks.fromPretrained(join(folder(), 'nowhere')))
    expect(error).toBeInstanceOf(BlockConfigError)
    expect(String(error)).toContain('not found')
  })

  test.each([
    ['not JSON', '{', BlockConfigError, /is not JSON/],
    ['a list', '[]', BlockConfigError, /expected/i],
    ['a map of something else', '{"auto_map": {"ModularPipelineBlocks": 5}}', BlockConfigError, /auto_map/],
    [
      'a class without a module',
      doubleConfig({ auto_map: { ModularPipelineBlocks: 'Double' } }),
      BlockConfigError,
      /like "block.MyBlock"/,
    ],
    [
      'a module elsewhere',
      doubleConfig({ auto_map: { ModularPipelineBlocks: '../block.Double' } }),
      BlockConfigError,
      /in this folder/,
    ],
    [
      'a module at the root',
      doubleConfig({ auto_map: { ModularPipelineBlocks: '/block.Double' } }),
      BlockConfigError,
      /in this folder/,
    ],
    [
      'requirements that are a list',
      doubleConfig({ requirements: ['sharp'] }),
      InvalidRequirementsError,
      /map of packages/,
    ],
    [
      'a requirement that is no range',
      doubleConfig({ requirements: { sharp: 'newest' } }),
      InvalidRequirementsError,
      /"sharp"/,
    ],
    ['a requirement of nothing', doubleConfig({ requirements: { ' ': '1' } }), InvalidRequirementsError, /" "/],
  ])('has a description that is %s', async (_name, text, type, message) => {
    await writeFiles(folder(), { ...doubleFiles, 'modular_config.json': text })
    const error = await failure(ModularPipelineBlocks.fromPretrained(folder()))
    expect(error).toBeInstanceOf(type)
    expect((error as Error).message).toMatch(message)
    expect(await runs(folder())).toBe(0)
  })

  test('has a folder in the place of its description', async () => {
    await mkdir(join(folder(), 'modular_config.json'))
    expect(await failure(ModularPipelineBlocks.fromPretrained(folder()))).toBeInstanceOf(BlockConfigError)
  })
})
