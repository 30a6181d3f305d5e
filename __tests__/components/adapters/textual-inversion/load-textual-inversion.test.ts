/** Words that files of vectors teach a pipeline: what they draw, who knows them, what is left when they are gone, and files that are refused. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eagerExecutor } from '../../../../components/executors/eager-executor'
import {
  type CLIPTextModel,
  CLIPTextModelWithProjection,
  type CLIPTokenizer,
  ComponentTypeError,
  type Executor,
  GraphExecutor,
  loadTextualInversion,
  MissingComponentError,
  ModularPipeline,
  ModularPipelineBlocks,
  PickleCheckpointError,
  SafetensorsError,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  TextualInversionError,
  type TextualInversionProblem,
  unloadTextualInversion,
  writeSafetensors,
} from '../../../../index'
import { baseFolder, refinerFolder, removeFolders } from '../../../blocks/stable-diffusion-xl/tiny-models'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { useLeakCheck } from '../../tensors/use-leak-check'
import { checkpoint, differenceOf, drawWith, loadPipe } from '../lora/lora-files'

const fileOf = (name: string) => join(checkpoint, 'textual_inversion', `${name}.safetensors`)
const folder = useTemporaryFolder()

let graphExecutor: GraphExecutor
beforeAll(async () => {
  // Jest fills the processors with files: threads would only wait for each other.
  await selectBackend({ backend: 'wasm', threads: 1 })
  graphExecutor = new GraphExecutor({ threads: 1 })
})
let pipe: ModularPipeline
let emitWarning: jest.SpyInstance
beforeEach(() => {
  // The checkpoint has a vocabulary of its own.
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
})
afterEach(() => {
  emitWarning.mockRestore()
  pipe.dispose()
  graphExecutor.dispose()
})
afterAll(removeFolders)
useLeakCheck() // After what disposes the pipeline.

/** Loads a pipeline of Stable Diffusion XL. */
async function loadXL(source: string, executor: Executor): Promise<ModularPipeline> {
  const loaded: ModularPipeline = await ModularPipeline.fromPretrained(source)
  await loaded.loadComponents({ executor })
  return loaded
}

/** Writes tensors, and returns the path. */
async function write(tensors: Readonly<Record<string, readonly number[][]>>, name = 'concept'): Promise<string> {
  const path = join(folder(), `${name}.safetensors`)
  const entries = Object.entries(tensors).map(([key, rows]) => {
    const shape = [rows.length, rows[0]?.length ?? 0]
    return [key, { dtype: 'F32' as const, shape, data: Float32Array.from(rows.flat()) }]
  })
  await writeSafetensors(path, Object.fromEntries(entries), {})
  return path
}

/** What a text encoder's own table holds for the tokens of a text. */
async function rowsOf(text: string, tokenizer: 'tokenizer' | 'tokenizer2' = 'tokenizer'): Promise<number[][]> {
  const known = pipe.components as Readonly<Record<string, unknown>>
  const { inputIds } = (known[tokenizer] as CLIPTokenizer).encode(text, { addSpecialTokens: false })
  const model = known[tokenizer === 'tokenizer' ? 'textEncoder' : 'textEncoder2']
  const { embeddings } = model instanceof CLIPTextModelWithProjection ? model.textModel : (model as CLIPTextModel)
  const rows: number[][] = []
  for (const id of inputIds[0] ?? []) {
    const row = embeddings.tokenEmbedding.weight.tensor.slice(id, 1)
    rows.push([...(await row.data())])
    row.dispose()
  }
  return rows
}

describe.each(['eager', 'graph'] as const)('computed by the executor %s', by => {
  const executor = () => (by === 'eager' ? eagerExecutor : graphExecutor)

  test('a word whose vectors are those of known tokens draws what they draw, and forgotten words leave nothing', async () => {
    pipe = await loadPipe(executor())
    const apple = await drawWith(pipe, { prompt: 'a red apple, apple' })
    const before = await drawWith(pipe, { prompt: 'a <toy>, <toy>' })
    const rows = await rowsOf('red apple')
    expect(rows.length).toBeGreaterThan(1)
    expect(await loadTextualInversion(pipe, await write({ '<toy>': rows }))).toBe('<toy>')
    expect(await loadTextualInversion(pipe, await write({ emb_params: await rowsOf('apple') }, '<one>'))).toBe('<one>')
    const drawn = await drawWith(pipe, { prompt: 'a <toy>, <one>' })
    expect(differenceOf(drawn, apple)).toBeLessThan(1e-5)
    expect(differenceOf(drawn, before)).toBeGreaterThan(1e-3)
    unloadTextualInversion(pipe, '<toy>')
    expect(differenceOf(await drawWith(pipe, { prompt: 'a red apple, <one>' }), apple)).toBeLessThan(1e-5)
    expect(await drawWith(pipe, { prompt: 'a <toy>, <toy>' })).toEqual(before)
    unloadTextualInversion(pipe)
    expect(await drawWith(pipe, { prompt: 'a red apple, apple' })).toEqual(apple)
    expect(() => unloadTextualInversion(pipe, '<toy>')).toThrow('no such word was loaded. There are: none.')
  })

  test('both text encoders of Stable Diffusion XL learn a word, and a refiner its own part', async () => {
    pipe = await loadXL(baseFolder, executor())
    const apple = await drawWith(pipe, { prompt: 'a red apple' })
    const plainText = await drawWith(pipe, { prompt: 'a <toy>' })
    expect(differenceOf(plainText, apple)).toBeGreaterThan(1e-3)
    const rows = { clip_l: await rowsOf('red apple'), clip_g: await rowsOf('red apple', 'tokenizer2') }
    const file = await write(rows, 'toy')
    await loadTextualInversion(pipe, file, { token: '<toy>' })
    expect(differenceOf(await drawWith(pipe, { prompt: 'a <toy>' }), apple)).toBeLessThan(1e-4)
    unloadTextualInversion(pipe)
    await loadTextualInversion(pipe, file, { token: '<toy>', textEncoder: 'textEncoder' })
    const half = await drawWith(pipe, { prompt: 'a <toy>', prompt2: 'a red apple' })
    expect(differenceOf(half, apple)).toBeLessThan(1e-4)
    const plain = await write({ '<plain>': await rowsOf('apple') })
    await expect(loadTextualInversion(pipe, plain)).rejects.toThrow('this pipeline has two')
    pipe.dispose()
    pipe = await loadXL(refinerFolder(), executor())
    expect(await loadTextualInversion(pipe, file)).toBe('toy')
  })
})

test('another pipeline that shares the models does not know the word', async () => {
  pipe = await loadPipe(graphExecutor)
  const { unet, textEncoder, vae, tokenizer, scheduler } = pipe.components as Record<string, unknown>
  const other: ModularPipeline = new StableDiffusionTextToImageBlocks().initPipeline(checkpoint)
  other.updateComponents({ unet, textEncoder, vae, tokenizer, scheduler })
  const before = await drawWith(other, { prompt: 'a <toy>' })
  await loadTextualInversion(pipe, fileOf('toy'))
  expect(differenceOf(await drawWith(pipe, { prompt: 'a <toy>' }), before)).toBeGreaterThan(1e-3)
  expect(await drawWith(other, { prompt: 'a <toy>' })).toEqual(before)
  // Disposing the pipeline disposes what it still holds.
  other.dispose()
})

test('the truncated part of a prompt is reported with the words in it', async () => {
  pipe = await loadPipe(graphExecutor)
  await loadTextualInversion(pipe, fileOf('style'))
  emitWarning.mockClear()
  await drawWith(pipe, { prompt: `${'a '.repeat(80)}<style> a` })
  const said = emitWarning.mock.calls.map(([message]) => String(message)).join('\n')
  expect(said).toMatch(/a <style> <style>_1 <style>_2 a"/)
})

describe('what does not fit is refused, and nothing has changed', () => {
  beforeEach(async () => {
    pipe = await loadPipe(graphExecutor)
    await loadTextualInversion(pipe, fileOf('style'))
  })
  afterEach(() => {
    expect(() => unloadTextualInversion(pipe, 'none')).toThrow('There are: "<style>".')
  })
  const refuse = async (
    problem: TextualInversionProblem,
    text: string,
    ...given: [source: string, options?: Parameters<typeof loadTextualInversion>[2]]
  ) => {
    const error = await loadTextualInversion(pipe, ...given).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TextualInversionError)
    expect(error).toMatchObject({ problem, message: expect.stringContaining(text) })
  }
  const zeros = (count: number, width: number) => Array.from({ length: count }, () => Array<number>(width).fill(0))

  test('vectors for other text encoders', async () => {
    await refuse('wrong-model', 'vectors of 768 numbers, as Stable Diffusion 1', await write({ x: zeros(1, 768) }))
    await refuse('wrong-model', 'vectors of 33 numbers; the textEncoder', await write({ x: zeros(1, 33) }))
    const xl = await write({ clip_l: zeros(2, 32), clip_g: zeros(2, 24) })
    await refuse('wrong-model', 'the two text encoders of Stable Diffusion XL', xl)
    await refuse('wrong-model', 'nothing for the textEncoder', await write({ clip_g: zeros(2, 24) }))
    await expect(loadTextualInversion(pipe, xl, { textEncoder: 'textEncoder2' })).rejects.toThrow(MissingComponentError)
  })

  test('files that hold something else', async () => {
    const twice = await write({ a: zeros(1, 32), b: zeros(1, 32) })
    await refuse('not-an-embedding', 'It holds 2 tensors: a, b', twice)
    const lora = await write({ 'unet.a.lora_A.weight': zeros(1, 32), 'unet.a.lora_B.weight': zeros(1, 32) })
    await refuse('not-an-embedding', 'It looks like a LoRA. Pass it with --lora', lora)
    await refuse('not-an-embedding', 'has 76 vectors', await write({ many: zeros(76, 32) }))
    const uneven = await write({ clip_l: zeros(1, 32), clip_g: zeros(2, 24) })
    await refuse('not-an-embedding', 'There must be as many for each text encoder', uneven)
    const cube = join(folder(), 'cube.safetensors')
    await writeSafetensors(cube, { x: { dtype: 'F32', shape: [1, 1, 32], data: new Float32Array(32) } }, {})
    await refuse('not-an-embedding', 'has the shape [1, 1, 32]', cube)
    const whole = join(folder(), 'whole.safetensors')
    await writeSafetensors(whole, { x: { dtype: 'I32', shape: [32], data: new Int32Array(32) } } as never, {})
    await expect(loadTextualInversion(pipe, whole)).rejects.toThrow(SafetensorsError)
  })

  test('damaged files, pickles, and files that are not there', async () => {
    await refuse('non-finite', '2 of 32 values', await write({ x: [[Number.NaN, Infinity, ...Array(30).fill(0)]] }))
    const cut = join(folder(), 'cut.safetensors')
    writeFileSync(cut, readFileSync(fileOf('style')).subarray(0, -4))
    await expect(loadTextualInversion(pipe, cut)).rejects.toThrow(SafetensorsError)
    const pickles = join(folder(), 'pickles')
    mkdirSync(pickles)
    for (const name of ['toy.pt', 'learned_embeds.bin']) writeFileSync(join(pickles, name), 'x')
    await expect(loadTextualInversion(pipe, join(pickles, 'toy.pt'))).rejects.toThrow(PickleCheckpointError)
    await expect(loadTextualInversion(pipe, pickles)).rejects.toThrow(PickleCheckpointError)
    await expect(loadTextualInversion(pipe, pickles, { weightName: 'toy.pt' })).rejects.toThrow(PickleCheckpointError)
    await refuse('no-file', 'there is no such file or folder', join(folder(), 'none'))
    cpSync(fileOf('toy'), join(folder(), 'a', 'toy.safetensors'))
    cpSync(fileOf('toy'), join(folder(), 'a', 'other.safetensors'))
    await refuse('no-file', 'holds 2 .safetensors files', join(folder(), 'a'))
  })

  test('words that are known', async () => {
    for (const [token, text] of [
      ['a</w>', 'the tokenizer knows "a</w>"'],
      ['<|endoftext|>', 'the tokenizer knows'],
      ['<style>', 'belongs to a word that was loaded already'],
      ['<style>_2', 'belongs to a word that was loaded already'],
      ['', 'is empty'],
      [' toy', 'white space around it'],
      ['x'.repeat(1000), 'is too long'],
    ] as const) {
      await refuse('token', text, fileOf('toy'), { token })
    }
  })

  test('a tokenizer or a text encoder that is replaced later', async () => {
    const { tokenizer } = pipe.components as unknown as { tokenizer: CLIPTokenizer }
    pipe.updateComponents({ tokenizer: tokenizer.withTokens(new Map([['<other>', tokenizer.endOfIds + 5]])) })
    await expect(drawWith(pipe)).rejects.toThrow('the tokenizer was replaced')
    expect(tokenizer.hasToken('<other>')).toBe(false)
  })
})

test('a pipeline without adapters, or without its models, takes no word', async () => {
  class Empty extends ModularPipelineBlocks {
    run(): void {}
  }
  pipe = new Empty().initPipeline()
  await expect(loadTextualInversion(pipe, fileOf('toy'))).rejects.toThrow(ComponentTypeError)
  pipe.dispose()
  pipe = new StableDiffusionTextToImageBlocks().initPipeline(checkpoint)
  await expect(loadTextualInversion(pipe, fileOf('toy'))).rejects.toThrow(MissingComponentError)
})
