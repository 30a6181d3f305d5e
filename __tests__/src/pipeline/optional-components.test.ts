/** Components that a block works without. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Block,
  Component,
  ComponentLoadError,
  ComponentSpec,
  ModularPipelineBlocks,
  type Out,
  Output,
  PipelineValidationError,
  registerComponentClasses,
  SequentialPipelineBlocks,
} from '../../../src'
import { failure } from '../fixtures/failures'

class Encoder {
  constructor(readonly place: string) {}
  static async fromPretrained(path: string | URL, { subfolder = '' }: { subfolder?: string } = {}): Promise<Encoder> {
    if (subfolder === 'broken') throw new Error('broken')
    return new Encoder(`${String(path).split('/').at(-1)}/${subfolder}`)
  }
}
registerComponentClasses('tests', { Encoder })

@Block({ description: 'Says which encoder it has.' })
class Encode extends ModularPipelineBlocks {
  @Component(Encoder, { optional: true, description: 'Encodes.' }) textEncoder!: Encoder | undefined
  @Output() seen!: Out<string>

  run() {
    this.seen = this.textEncoder?.place ?? 'none'
  }
}

class Need extends ModularPipelineBlocks {
  @Component(Encoder) textEncoder!: Encoder
  run() {}
}

describe('an optional component', () => {
  let folder: string
  const index = (entry: unknown) =>
    writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ _class_name: 'X', text_encoder: entry }))

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tesserae-optional-'))
    mkdirSync(join(folder, 'text_encoder'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is left out if the index has no class for it', async () => {
    index([null, null])
    const pipe = new Encode().initPipeline(folder)
    await pipe.loadComponents()
    expect(await pipe({}, { output: 'seen' })).toBe('none')
  })

  test('is left out of a pipeline without a model', async () => {
    expect(await new Encode().initPipeline()({}, { output: 'seen' })).toBe('none')
  })

  test('must be loaded if the index names it', async () => {
    index(['transformers', 'Encoder'])
    const pipe = new Encode().initPipeline(folder)
    const { issues } = await failure(PipelineValidationError, () => pipe({}))
    expect(issues[0]?.message).toContain('loadComponents()')
    await pipe.loadComponents()
    expect(await pipe({}, { output: 'seen' })).toMatch(/\/text_encoder$/)
  })

  test('fails to load as any other', async () => {
    index(['transformers', 'Encoder'])
    const pipe = new Encode().initPipeline(folder)
    await failure(ComponentLoadError, () => pipe.loadComponents({ subfolder: 'broken' }))
  })

  test('is left out once a caller has taken it away, until it is given again', async () => {
    index(['transformers', 'Encoder'])
    const pipe = new Encode().initPipeline(folder)
    await pipe.loadComponents()
    pipe.updateComponents({ textEncoder: null })
    expect(await pipe({}, { output: 'seen' })).toBe('none')
    pipe.updateComponents({ textEncoder: new Encoder('mine') })
    expect(await pipe({}, { output: 'seen' })).toBe('mine')
    pipe.updateComponents({ textEncoder: null })
    expect(await pipe({}, { output: 'seen' })).toBe('none')
  })

  test('is loaded from the place of a spec that a caller gives, also where the index has no class for it', async () => {
    index([null, null])
    const pipe = new Encode().initPipeline(folder)
    const spec = new ComponentSpec({ name: 'textEncoder', pretrainedModelNameOrPath: 'mine', subfolder: 'own' })
    pipe.updateComponents({ textEncoder: spec })
    await pipe.loadComponents()
    expect(await pipe({}, { output: 'seen' })).toBe('mine/own')
    pipe.updateComponents({ textEncoder: null })
    expect(await pipe({}, { output: 'seen' })).toBe('none')
  })

  test('is missed by a block that needs it', async () => {
    const both = SequentialPipelineBlocks.fromBlocksDict({ encode: Encode, need: Need })
    const { issues } = await failure(PipelineValidationError, () => both.initPipeline()({}))
    expect(issues).toHaveLength(1)
    expect(issues[0]).toMatchObject({ component: 'textEncoder', path: ['need'] })
  })

  test('is called optional in documentation', () => {
    expect(new Encode().doc).toContain('textEncoder (`Encoder`, *optional*): Encodes.')
    expect(new Encode().describe().components[0]).toMatchObject({ name: 'textEncoder', optional: true })
    expect(new Need().describe().components[0]).not.toHaveProperty('optional')
  })
})
