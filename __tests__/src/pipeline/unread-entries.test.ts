/** Entries of an index that no block reads are named once, with what they state. */
import { z } from 'zod'
import {
  Block,
  Component,
  Config,
  ModularPipelineBlocks,
  registerComponentClasses,
  registerPipelineFamily,
  SequentialPipelineBlocks,
  Step,
} from '../../../src'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { modularEntry, writeModel, writeModularModel } from '../fixtures/model-folder'

class Model {
  static async fromPretrained() {
    return new Model()
  }
}
registerComponentClasses('toys', { Model })

class Encode extends ModularPipelineBlocks {
  @Component(Model) encoder!: Model
  run() {}
}
class Draw extends ModularPipelineBlocks {
  @Component(Model) painter!: Model
  @Config(z.boolean().default(true)) frames!: boolean
  run() {}
}
class Family extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() draw = Draw
}
class Check extends ModularPipelineBlocks {
  @Component(Model) safetyGuard!: Model
  @Config({ default: false }) requiresGuard!: boolean
  run() {}
}
registerPipelineFamily({
  modelName: 'unread-toys',
  defaultBlocks: Family,
  unreadEntries: {
    safetyGuard: { consequence: 'pictures are not guarded' },
    requiresGuard: { consequence: 'pictures are not guarded', harmlessValue: false },
  },
})

const folder = useTemporaryFolder()
let emitWarning: jest.SpyInstance
beforeEach(() => {
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
})
afterEach(() => emitWarning.mockRestore())

/** The warnings of loading a pipeline, without the file that they begin with. */
async function warningsOf(blocks: ModularPipelineBlocks): Promise<string[]> {
  const before = emitWarning.mock.calls.length
  await (blocks.initPipeline(folder()) as { loadComponents(): Promise<unknown> }).loadComponents()
  return emitWarning.mock.calls.slice(before).map(([message]) => String(message).replace(/^.*\.json: /, ''))
}

const model = { encoder: ['toys', 'Model'], painter: ['toys', 'Model'] }

test('components and settings, with what follows', async () => {
  writeModel(folder(), {
    ...model,
    _diffusers_version: '0.42.1',
    safety_guard: ['stable_diffusion', 'SafetyGuard'],
    requires_guard: true,
    watermark: { strength: 1 },
    style: 'x'.repeat(500),
  })
  expect(await warningsOf(new Family())).toEqual([
    'no block reads "safety_guard" (SafetyGuard): pictures are not guarded; "requires_guard" (true): pictures are not guarded; ' +
      `"watermark" ({"strength":1}); "style" (${'x'.repeat(60)}…).`,
  ])
  expect(await warningsOf(new Family())).toEqual([])
})

test('of a modular index', async () => {
  writeModularModel(folder(), {
    encoder: modularEntry({ pretrained_model_name_or_path: folder() }),
    safety_guard: modularEntry({ pretrained_model_name_or_path: 'a/b' }, ['toys', 'SafetyGuard']),
    other: modularEntry({ pretrained_model_name_or_path: 'a/other' }, [null, null]),
    empty: modularEntry({}, [null, null]),
  })
  expect(await warningsOf(new Encode())).toEqual([
    'no block reads "safety_guard" (SafetyGuard): pictures are not guarded; "other" (a/other).',
  ])
})

test('are bounded in number', async () => {
  writeModel(folder(), Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`entry_${i}`, i])))
  const [message = ''] = await warningsOf(new Encode())
  expect(message).toMatch(/; and 490 more\.$/)
  expect(message.length).toBeLessThan(1000)
})

test('not those that are empty, or state what is done anyway', async () => {
  writeModel(folder(), { ...model, safety_guard: [null, null], requires_guard: false, nothing: null })
  expect(await warningsOf(new Family())).toEqual([])
})

test('not those that other blocks of a family read', async () => {
  writeModel(folder(), { ...model, frames: false })
  expect(await warningsOf(new Encode())).toEqual([])
})

test('those that another family alone reads, with the words of their own family', async () => {
  @Block({ modelName: 'unread-toys' })
  class OfFamily extends Family {}
  @Block({ modelName: 'unread-puzzles' })
  class Puzzle extends ModularPipelineBlocks {
    @Component(Model) border!: Model
    run() {}
  }
  registerPipelineFamily({
    modelName: 'unread-puzzles',
    defaultBlocks: Puzzle,
    unreadEntries: { safetyGuard: { consequence: 'pieces are not guarded' } },
  })
  writeModel(folder(), { ...model, border: ['toys', 'Model'], safety_guard: ['toys', 'Model'] })
  expect(await warningsOf(new OfFamily())).toEqual([
    'no block reads "border" (Model); "safety_guard" (Model): pictures are not guarded.',
  ])
  expect(await warningsOf(new Puzzle())).toEqual([
    'no block reads "encoder" (Model); "painter" (Model); "safety_guard" (Model): pieces are not guarded.',
  ])
  writeModel(folder(), { border: ['toys', 'Model'], requires_guard: true })
  expect(await warningsOf(new Puzzle())).toEqual(['no block reads "requires_guard" (true): pictures are not guarded.'])
})

test('not those that a block reads', async () => {
  writeModel(folder(), { safety_guard: ['toys', 'Model'], requires_guard: true })
  expect(await warningsOf(new Check())).toEqual([])
})
