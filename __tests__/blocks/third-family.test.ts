/** The page "Add a family" of CONTRIBUTING.md, followed: a family of its own encoder and shared steps, found by the name in an index. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { z } from 'zod'
import { callInputs } from '../../cli/call-inputs'
import { openPipeline } from '../../cli/open-pipeline'
import * as tesserae from '../../index'
import {
  Block,
  type BlockOptions,
  CLIPTextModel,
  CLIPTokenizer,
  Component,
  DecodeLatents,
  DenoiseLoop,
  type Image,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  type OutputParam,
  PostprocessImages,
  PrepareLatents,
  registerPipelineFamily,
  SequentialPipelineBlocks,
  SetGuidance,
  SetTimesteps,
  Step,
  slot,
  tensor,
  tf,
} from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { emojiFolder, useEmojiModel } from './use-emoji-model'

const doodles = { modelName: 'doodles', version: '0.1.0', stability: 'experimental' } as const satisfies BlockOptions

const embedsSchema = tensor('images tokens channels')

@Block({ ...doodles, description: 'Encodes one prompt.' })
class EncodeDoodlePrompt extends ModularPipelineBlocks {
  static override readonly className: string = 'EncodeDoodlePrompt'

  @Component(CLIPTokenizer) tokenizer!: CLIPTokenizer
  @Component(CLIPTextModel) textEncoder!: CLIPTextModel

  @Input(z.string().describe('What the picture should show.'))
  prompt!: In<string, 'required'>

  @Output({ schema: embedsSchema, kwargsType: 'denoiserInputFields', description: 'The encoded prompt.' })
  promptEmbeds!: Out<tf.Tensor3D>

  @Output({ schema: embedsSchema, kwargsType: 'denoiserInputFields', description: 'The encoded empty prompt.' })
  negativePromptEmbeds!: Out<tf.Tensor3D>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  async run(): Promise<void> {
    this.promptEmbeds = await this.embed(this.prompt)
    this.negativePromptEmbeds = await this.embed('')
    this.batchSize = 1
  }

  private async embed(text: string): Promise<tf.Tensor3D> {
    const { inputIds } = await this.tokenizer.encodeAsync([text], { padding: 'max_length', truncation: true })
    const { lastHiddenState } = await this.textEncoder.call({ inputIds: tf.tensor2d(inputIds, undefined, 'int32') })
    return lastHiddenState
  }
}

@Block({ ...doodles, description: 'Draws doodles of what a prompt says.' })
class DoodleBlocks extends SequentialPipelineBlocks {
  static override readonly className: string = 'DoodleBlocks'

  @Step() setGuidance = slot(SetGuidance)
  @Step() textEncoder = slot(EncodeDoodlePrompt)
  @Step() setTimesteps = slot(SetTimesteps)
  @Step() prepareLatents = slot(PrepareLatents)
  @Step() denoise = slot(DenoiseLoop)
  @Step() decode = slot(DecodeLatents)
  @Step() postprocess = slot(PostprocessImages)

  override get outputs(): readonly OutputParam[] {
    return this.intermediateOutputs.filter(output => output.name === 'images')
  }
}

registerPipelineFamily({
  modelName: doodles.modelName,
  defaultBlocks: DoodleBlocks,
  standardPipelines: ['DoodlePipeline'],
})

const emoji = useEmojiModel()
const folder = useTemporaryFolder()

/** The weights of the emoji model, as a model of the family. */
function doodleModel(): string {
  const model = join(folder(), 'doodles')
  mkdirSync(model)
  for (const part of ['scheduler', 'text_encoder', 'tokenizer', 'unet', 'vae'])
    symlinkSync(join(emojiFolder, part), join(model, part))
  const index = JSON.parse(readFileSync(join(emojiFolder, 'model_index.json'), 'utf8')) as object
  writeFileSync(join(model, 'model_index.json'), JSON.stringify({ ...index, _class_name: 'DoodlePipeline' }))
  return model
}

test('the command line opens a model of the family, and knows its options by the inputs of its blocks', async () => {
  const pipe = await openPipeline('doodles', doodleModel(), {})
  expect(pipe.blocks).toBeInstanceOf(DoodleBlocks)
  expect(callInputs(pipe, 'pizza', { steps: 2, guidance: 3 })).toMatchObject({
    prompt: 'pizza',
    numInferenceSteps: 2,
    guidanceScale: 3,
  })
  expect(() => callInputs(pipe, 'pizza', { strength: 0.5 }, {})).toThrow('--strength')
  expect(() => callInputs(pipe, 'pizza', { negative: 'dog' })).toThrow('this pipeline has no input negativePrompt')
  pipe.dispose()
})

test('the family draws with shared steps what the blocks that they were made for draw', async () => {
  const inputs = { prompt: 'pizza', numInferenceSteps: 2, guidanceScale: 4 }
  const [doodle] = await emoji.pipelineOf(new DoodleBlocks())<Image[]>(inputs, { output: 'images', seed: 1 })
  const stableDiffusion = (await openPipeline('emoji', emojiFolder, {})).blocks
  const [picture] = await emoji.pipelineOf(stableDiffusion)<Image[]>(inputs, { output: 'images', seed: 1 })
  expect(doodle).toEqual(picture)
})

test('a block of the family is saved under its name', () => {
  expect(new DoodleBlocks().modelName).toBe('doodles')
  expect(new DoodleBlocks().describe().components.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['tokenizer', 'textEncoder', 'unet', 'vae', 'scheduler', 'guider']),
  )
})

/** Runs the code of the page, in which the names of the package are at hand, and returns what its files export. */
function runPage(): Record<string, unknown> {
  const page = readFileSync(join(__dirname, '..', '..', 'CONTRIBUTING.md'), 'utf8')
  const [, code = ''] = /^## Add a family\n.*?^```ts\n(.*?)^```/ms.exec(page) ?? []
  const options = { experimentalDecorators: true, target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS }
  const program = ts.transpile(code, options)
  const exported = {}
  new Function('exports', ...Object.keys(tesserae), program)(exported, ...Object.values(tesserae))
  return exported
}

test('the code of the page makes an empty pipeline, which is found by both indexes of a model', async () => {
  const { StableDiffusion3TextToImageBlocks: Blocks } = runPage() as Record<string, new () => SequentialPipelineBlocks>
  const model = doodleModel()
  writeFileSync(join(model, 'model_index.json'), JSON.stringify({ _class_name: 'StableDiffusion3Pipeline' }))
  const pipe = await openPipeline('stable-diffusion-3', model, {})
  expect(pipe.blocks).toBeInstanceOf(Blocks)
  expect(() => callInputs(pipe, 'pizza', {})).toThrow('its pipeline has no output images')
  const saved = join(folder(), 'saved')
  await pipe.savePretrained(saved)
  pipe.dispose()
  const index = JSON.parse(readFileSync(join(saved, 'modular_model_index.json'), 'utf8')) as object
  expect(index).toMatchObject({
    _class_name: 'StableDiffusion3ModularPipeline',
    _blocks_class_name: 'StableDiffusion3TextToImageBlocks',
  })
  const again = await openPipeline('saved', saved, {})
  expect(again.blocks).toBeInstanceOf(Blocks)
  again.dispose()
})
