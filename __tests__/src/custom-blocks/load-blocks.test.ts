import { symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CustomBlocksOptions,
  CustomCodeError,
  DDIMScheduler,
  InvalidRequirementsError,
  ModularPipeline,
  ModularPipelineBlocks,
  SequentialPipelineBlocks,
  StableDiffusionTextToImageBlocks,
  UntrustedCodeError,
} from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { Increment } from '../fixtures/toy-blocks'
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

describe('code that is not trusted', () => {
  test('does not run, and the refusal says what would have', async () => {
    const files = {
      ...doubleFiles,
      'lib/more.cjs': '',
      'modular_config.json': doubleConfig({ requirements: { sharp: '>=0.33' } }),
    }
    await writeFiles(folder(), files)
    await writeFiles(folder(), { 'node_modules/x/index.js': '', '.git/hook.js': '' })
    const error = await failure(ModularPipelineBlocks.fromPretrained(folder()))
    expect(error).toBeInstanceOf(UntrustedCodeError)
    expect(error).toMatchObject({
      code: 'UNTRUSTED_CODE',
      reason: 'not-trusted',
      refused: {
        source: folder(),
        module: 'block.js',
        className: 'Double',
        files: new Map([
          ['block.js', DOUBLE.length],
          ['lib/more.cjs', 0],
        ]),
        requirements: { sharp: '>=0.33' },
      },
    })
    const { message, refused } = error as UntrustedCodeError
    for (const part of [
      'block.js',
      'lib/more.cjs',
      'Double',
      'sharp >=0.33',
      folder(),
      refused.revision,
      'trustRemoteCode',
    ]) {
      expect(message).toContain(part)
    }
    expect(await runs(folder())).toBe(0)
  })

  test.each([undefined, 'main', 'v1.0', '0123456789012345678901234567890123456789'])(
    'does not run if what is trusted is %j, which pins nothing',
    async revision => {
      await writeFiles(folder(), doubleFiles)
      const error = await failure(ModularPipelineBlocks.fromPretrained(folder(), { trustRemoteCode: true, revision }))
      expect(error).toBeInstanceOf(UntrustedCodeError)
      expect(error).toMatchObject({ reason: 'not-pinned' })
      expect(await runs(folder())).toBe(0)
    },
  )

  test.each([
    ['block.js', `${DOUBLE}\n// and more`],
    ['another.js', ''],
    ['modular_config.json', doubleConfig({ requirements: { sharp: '*' } })],
  ])('does not run if %s is no longer what was trusted', async (name, text) => {
    await writeFiles(folder(), doubleFiles)
    const trust = await trustIn(folder())
    await writeFile(join(folder(), name), text)
    const error = await failure(ModularPipelineBlocks.fromPretrained(folder(), trust))
    expect(error).toBeInstanceOf(UntrustedCodeError)
    expect(error).toMatchObject({ reason: 'changed' })
    expect(await runs(folder())).toBe(0)
  })

  test('does not run for a pipeline either, whatever its index says', async () => {
    await writeFiles(folder(), {
      ...doubleFiles,
      'modular_model_index.json': JSON.stringify({ _blocks_class_name: 'StableDiffusionTextToImageBlocks' }),
    })
    expect(await failure(ModularPipeline.fromPretrained(folder()))).toBeInstanceOf(UntrustedCodeError)
    expect(await runs(folder())).toBe(0)
  })

  test('is not asked for where the caller gives the blocks', async () => {
    await writeFiles(folder(), { ...doubleFiles, 'modular_model_index.json': '{}' })
    const pipe = await ModularPipeline.fromPretrained(folder(), { blocks: new Increment() })
    expect(await pipe({ x: 1 }, { output: 'x' })).toBe(2)
    expect(await runs(folder())).toBe(0)
  })
})

describe('code that is trusted', () => {
  test('gives blocks of this very package', async () => {
    await writeFiles(folder(), doubleFiles)
    const blocks = await load(folder())
    expect(blocks).toBeInstanceOf(ModularPipelineBlocks)
    expect(await blocks.initPipeline()({ x: 4 }, { output: 'x' })).toBe(8)
    const both = SequentialPipelineBlocks.fromBlocksDict({ double: blocks, increment: Increment })
    expect(await both.initPipeline()({ x: 4 }, { output: 'x' })).toBe(9)
  })

  test('runs once, and gives the same class each time', async () => {
    await writeFiles(folder(), doubleFiles)
    const [first, second] = [await load(folder()), await load(folder())]
    expect(second).not.toBe(first)
    expect(second.constructor).toBe(first.constructor)
    expect(await runs(folder())).toBe(1)
  })

  test.each(['.', './', './parts/..', './/index'])('may ask for the index of its folder by %j', async name => {
    await writeFiles(folder(), {
      'modular_config.json': doubleConfig(),
      'index.js': DOUBLE,
      'block.js': `exports.Double = require(${JSON.stringify(name)}).Double; require('./parts/')`,
      'parts/index.js': `if (require('..').Double === undefined) throw new Error('another module')`,
    })
    const blocks = await load(folder())
    expect(await blocks.initPipeline()({ x: 4 }, { output: 'x' })).toBe(8)
    expect(await runs(folder())).toBe(1)
  })

  test('may be in a subfolder, and in modules that ask for each other', async () => {
    await writeFiles(join(folder(), 'blocks'), {
      'modular_config.json': doubleConfig({ auto_map: { ModularPipelineBlocks: 'dist/block.Double' } }),
      'dist/block.cjs': "exports.factor = 2; exports.Double = require('./parts').make(exports)",
      'dist/parts/index.js': `
        const { Increment } = require('../../increment.js')
        const later = require('../block')
        exports.make = given => { if (given !== later) throw new Error('another copy'); return Increment }`,
      'increment.js': `
        const { join } = require('node:path')
        const { ModularPipelineBlocks } = require('tesserae')
        exports.Increment = class Double extends ModularPipelineBlocks { get description() { return join('a', __dirname) } run() {} }`,
    })
    const path = join(folder(), 'blocks')
    const { revision } = await trustIn(path)
    const options = { trustRemoteCode: true, revision, subfolder: 'blocks' }
    const blocks = await ModularPipelineBlocks.fromPretrained(folder(), options)
    expect(blocks.description).toBe(join('a', path))
  })

  test('makes a pipeline, with an index of its components or without', async () => {
    await writeFiles(folder(), doubleFiles)
    const trust = await trustIn(folder())
    const alone = await ModularPipeline.fromPretrained(folder(), trust)
    expect(await alone({ x: 3 }, { output: 'x' })).toBe(6)
    await writeFiles(folder(), { 'modular_model_index.json': JSON.stringify({ _blocks_class_name: 'Double' }) })
    const withIndex = await ModularPipeline.fromPretrained(folder(), trust)
    expect(withIndex.blocks.constructor.name).toBe('Double')
  })

  test('brings no trust in the code of a folder that one of its components comes from', async () => {
    const other = await writeFiles(join(folder(), 'other'), {
      ...doubleFiles,
      'scheduler_config.json': JSON.stringify({ _class_name: 'DDIMScheduler' }),
    })
    const asking = DOUBLE.replaceAll('Double', 'Asking').replace(
      'run()',
      `get expectedComponents() {
         const { ComponentSpec, SchedulerMixin } = require('tesserae')
         return [new ComponentSpec({ name: 'scheduler', typeHint: SchedulerMixin, pretrainedModelNameOrPath: ${JSON.stringify(other)}, defaultCreationMethod: 'fromPretrained' })]
       }
       run()`,
    )
    const own = await writeFiles(join(folder(), 'own'), {
      'block.js': asking,
      'modular_config.json': doubleConfig({ auto_map: { ModularPipelineBlocks: 'block.Asking' } }),
    })
    const pipe = await ModularPipeline.fromPretrained(own, await trustIn(own))
    await pipe.loadComponents()
    expect(pipe.componentNames).toEqual(['scheduler'])
    expect(pipe.components['scheduler']).toBeInstanceOf(DDIMScheduler)
    expect(await runs(own)).toBe(1)
    expect(await runs(other)).toBe(0)
  })

  test('warns of packages that are not there', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    const requirements = { 'not-installed-anywhere': '>=1', zod: '<1', tsyringe: '>=4' }
    await writeFiles(folder(), { ...doubleFiles, 'modular_config.json': doubleConfig({ requirements }) })
    await load(folder())
    expect(emitWarning.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringMatching(/not-installed-anywhere \(>=1\) is not installed: npm install/),
      expect.stringMatching(/zod should be <1, but 4\.\d+\.\d+ is installed/),
    ])
    emitWarning.mockRestore()
  })

  test('is refused where other blocks were asked for', async () => {
    await writeFiles(folder(), doubleFiles)
    const trust = await trustIn(folder())
    const error = await failure(StableDiffusionTextToImageBlocks.fromPretrained(folder(), trust))
    expect(error).toBeInstanceOf(CustomCodeError)
    expect(String(error)).toContain('does not extend StableDiffusionTextToImageBlocks')
  })
})

describe('a folder that was made to do harm', () => {
  test('has cyclic links: only links to files are followed', async () => {
    await writeFiles(folder(), { ...doubleFiles, 'real/inner.js': '' })
    for (const name of ['a', 'b', 'c']) await symlink('.', join(folder(), name))
    await symlink('real/inner.js', join(folder(), 'linked.js'))
    const { refused } = (await failure(ModularPipelineBlocks.fromPretrained(folder()))) as UntrustedCodeError
    expect([...refused.files.keys()]).toEqual(['block.js', 'linked.js', 'real/inner.js'])
  })

  test('holds a file that is too large to be code', async () => {
    await writeFiles(folder(), doubleFiles)
    await truncate(join(folder(), 'block.js'), 3e9)
    const error = await failure(ModularPipelineBlocks.fromPretrained(folder()))
    expect(error).toBeInstanceOf(CustomCodeError)
    expect(String(error)).toMatch(/block.js: cannot be read: it has 3000000000 bytes/)
  })

  test('holds more code than fits', async () => {
    await writeFiles(folder(), { ...doubleFiles, 'a.js': '', 'b.js': '' })
    for (const name of ['a.js', 'b.js']) await truncate(join(folder(), name), 20 * 2 ** 20)
    expect(await failure(ModularPipelineBlocks.fromPretrained(folder()))).toBeInstanceOf(CustomCodeError)
    for (const name of ['a.js', 'b.js']) await writeFile(join(folder(), name), 'é'.repeat(10 * 2 ** 20))
    expect(await failure(ModularPipelineBlocks.fromPretrained(folder()))).toBeInstanceOf(CustomCodeError)
  })

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('asks for a package %s', async name => {
    const requirements = JSON.parse(`{"${name}": "1", "sharp": {"${name}": ">=1"}}`)
    await writeFiles(folder(), { ...doubleFiles, 'modular_config.json': doubleConfig({ requirements }) })
    const { refused } = (await failure(ModularPipelineBlocks.fromPretrained(folder()))) as UntrustedCodeError
    expect(Object.entries(refused.requirements)).toEqual([[name, '1 >=1']])
  })

  test('asks for a package in so many alternatives that they fill the memory', async () => {
    const range = Array.from({ length: 20 }, (_, i) => `>${i}`).join(' || ')
    const requirements = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`b${i}`, { sharp: `${range} || ${i}` }]),
    )
    await writeFiles(folder(), { ...doubleFiles, 'modular_config.json': doubleConfig({ requirements }) })
    expect(await failure(ModularPipelineBlocks.fromPretrained(folder()))).toBeInstanceOf(InvalidRequirementsError)
  })

  test('is not trusted by a text', async () => {
    await writeFiles(folder(), doubleFiles)
    const trust = { ...(await trustIn(folder())), trustRemoteCode: 'false' as unknown as boolean }
    expect(await failure(ModularPipelineBlocks.fromPretrained(folder(), trust))).toBeInstanceOf(UntrustedCodeError)
    expect(await runs(folder())).toBe(0)
  })
})
