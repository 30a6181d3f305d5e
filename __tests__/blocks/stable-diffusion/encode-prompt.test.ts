import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { ClassifierFreeGuidance, EncodePrompt, InputTypeError, PipelineValidationError } from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { expectWarnings } from '../../expected-warnings'
import { readTensors } from '../read-tensors'
import { collectWarnings, emojiFolder, failureOf, take, takeRows, useEmojiModel } from '../use-emoji-model'

expectWarnings('PROMPT_EMPTY', 'NEGATIVE_PROMPT_IGNORED', 'UNKNOWN_WORDS')

const emoji = useEmojiModel()

const unguided = new ClassifierFreeGuidance({ guidanceScale: 1 })
const encoder = (components = {}) => emoji.pipelineOf(new EncodePrompt(), components)

/** Rows of embeddings, one for each picture. */
async function encode(inputs: Record<string, unknown>, output = 'promptEmbeds'): Promise<number[][]> {
  return takeRows(await encoder()<tf.Tensor>(inputs, { output }))
}

describe('EncodePrompt', () => {
  test("gives the reference's embeddings", async () => {
    const recorded = await readTensors(join(emojiFolder, 'reference', 'pizza-seed2-euler20-g4.safetensors'))
    const pipe = encoder()
    const outputs = await pipe<tf.Tensor>({ prompt: 'pizza' }, { output: ['promptEmbeds', 'negativePromptEmbeds'] })
    for (const [name, key] of [
      ['promptEmbeds', 'prompt_embeds'],
      ['negativePromptEmbeds', 'negative_prompt_embeds'],
    ] as const) {
      expectClose(name, take(outputs[name] as tf.Tensor), recorded(key), { atol: 2e-4, rtol: 2e-4 })
    }
  })

  test('encodes a list of prompts as it encodes each', async () => {
    const [apple, rocket] = await encode({ prompt: ['red apple', 'rocket'] })
    expectRows([apple], await encode({ prompt: 'red apple' }))
    expectRows([rocket], await encode({ prompt: 'rocket' }))
  })

  test('counts the pictures: one for each prompt', async () => {
    expect(await encoder()({ prompt: 'pizza' }, { output: 'batchSize' })).toBe(1)
    expect(await encoder()({ prompt: ['pizza', 'cat face', 'rocket'] }, { output: 'batchSize' })).toBe(3)
  })

  test('repeats each prompt for its pictures, and the pictures of one prompt stay together', async () => {
    const inputs = { prompt: ['pizza', 'rocket'], negativePrompt: ['dog', 'cat face'], numImagesPerPrompt: 2 }
    const [pizza] = await encode({ prompt: 'pizza' })
    const [rocket] = await encode({ prompt: 'rocket' })
    expectRows(await encode(inputs), [pizza, pizza, rocket, rocket])
    const [dog] = await encode({ prompt: 'dog' })
    const [cat] = await encode({ prompt: 'cat face' })
    expectRows(await encode(inputs, 'negativePromptEmbeds'), [dog, dog, cat, cat])
    expect(await encoder()(inputs, { output: 'batchSize' })).toBe(4)
  })

  test('encodes the empty text where no negative prompt is given', async () => {
    const negative = await encode({ prompt: ['pizza', 'rocket'] }, 'negativePromptEmbeds')
    const [empty] = await encode({ prompt: '' })
    expectRows(negative, [empty, empty])
  })

  test('takes one negative prompt for all prompts', async () => {
    const negative = await encode({ prompt: ['pizza', 'rocket'], negativePrompt: 'dog' }, 'negativePromptEmbeds')
    const [dog] = await encode({ prompt: 'dog' })
    expectRows(negative, [dog, dog])
  })

  test.each([[['dog']], [['dog', 'cat face', 'pizza']]])('refuses %j for two prompts', async negativePrompt => {
    const error = await failureOf(encode({ prompt: ['pizza', 'rocket'], negativePrompt }))
    expect(error).toBeInstanceOf(InputTypeError)
    expect((error as Error).message).toContain(
      `input "negativePrompt" got an array of ${negativePrompt.length}; there must be one for each of the 2 prompts`,
    )
  })

  test('leaves the negative prompt out where the guider does not compare', async () => {
    const pipe = encoder({ guider: unguided })
    expect(await pipe({ prompt: 'pizza', negativePrompt: 'dog' }, { output: 'negativePromptEmbeds' })).toBeUndefined()
  })

  test('encodes the negative prompt for a guider that takes part later on', async () => {
    const pipe = encoder({ guider: new ClassifierFreeGuidance({ start: 0.5 }) })
    const negative = await pipe<tf.Tensor>({ prompt: 'pizza' }, { output: 'negativePromptEmbeds' })
    expect(take(negative).shape).toEqual([1, 24, 128])
  })

  test('tags the embeddings as inputs of the denoiser', async () => {
    const state = await encoder()({ prompt: 'pizza' })
    const group = state.getByKwargs('denoiserInputFields')
    expect(Object.keys(group)).toEqual(['promptEmbeds', 'negativePromptEmbeds'])
    tf.dispose(Object.values(group) as tf.Tensor[])
  })

  test('leaves out the last layers of the text encoder on request, for the prompt alone', async () => {
    const { inputIds } = emoji.tokenizer.encode('pizza', { padding: 'max_length' })
    const expected = tf.tidy(() => {
      const { hiddenStates } = emoji.textEncoder.forward({
        inputIds: tf.tensor2d(inputIds, undefined, 'int32'),
        outputHiddenStates: true,
      })
      return emoji.textEncoder.finalLayerNorm.forward(hiddenStates.at(-2) as tf.Tensor3D)
    })
    const skipped = await encode({ prompt: 'pizza', clipSkip: 1 })
    expectRows(skipped, takeRows(expected))
    expect(skipped).not.toEqual(await encode({ prompt: 'pizza' }))
    const negative = await encode({ prompt: 'pizza', clipSkip: 1 }, 'negativePromptEmbeds')
    expectRows(negative, await encode({ prompt: '' }))
  })

  test('says how many layers there are to leave out', async () => {
    const error = await failureOf(encode({ prompt: 'pizza', clipSkip: 3 }))
    expect(error).toBeInstanceOf(InputTypeError)
    expect((error as Error).message).toContain('input "clipSkip" got the number 3; the text encoder has 2 layers')
  })

  test.each([
    ['prompt', { prompt: 7 }, 'string | string[]'],
    ['prompt', { prompt: [] }, 'expected array to have >=1 items'],
    ['negativePrompt', { prompt: 'pizza', negativePrompt: [1] }, 'string | string[]'],
    ['numImagesPerPrompt', { prompt: 'pizza', numImagesPerPrompt: 0 }, '>=1'],
    ['clipSkip', { prompt: 'pizza', clipSkip: 0.5 }, 'int'],
  ])('refuses a wrong %s before it begins: %j', async (name, inputs, message) => {
    const error = await failureOf(encode(inputs))
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as PipelineValidationError).issues).toEqual([
      expect.objectContaining({ code: 'INPUT_TYPE', input: name }),
    ])
    expect((error as Error).message).toContain(message)
  })

  test('warns of the end of a prompt that does not fit, and encodes the rest', async () => {
    const { warnings, onEvent } = collectWarnings()
    const prompt = `${'apple '.repeat(22)}rocket pizza`
    const embeds = await encoder({ guider: unguided })<tf.Tensor>(
      { prompt: ['pizza', prompt] },
      { output: 'promptEmbeds', onEvent },
    )
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'TOO_MANY_NAMES' }),
      expect.objectContaining({
        code: 'PROMPT_TRUNCATED',
        message: 'The prompt 2 is longer than 24 tokens. The truncated part is: "rocket pizza"',
      }),
    ])
    const [, cut] = takeRows(embeds)
    expectRows([cut], await encode({ prompt: 'apple '.repeat(22) }))
  })

  test('says so if it is the negative prompt that does not fit', async () => {
    const { warnings, onEvent } = collectWarnings()
    const inputs = { prompt: ['pizza', 'dog'], negativePrompt: `${'apple '.repeat(22)}rocket` }
    take(await encoder()<tf.Tensor>(inputs, { output: 'promptEmbeds', onEvent }))
    expect(warnings.map(({ message }) => message)).toEqual([
      'The negative prompt is longer than 24 tokens. The truncated part is: "rocket"',
    ])
  })

  test('encodes long lists of prompts in batches, as it encodes each', async () => {
    const prompt = Array.from({ length: 70 }, (_, i) => (i === 66 ? 'rocket' : 'pizza'))
    const rows = await encode({ prompt, numImagesPerPrompt: 2 })
    const [pizza] = await encode({ prompt: 'pizza' })
    const [rocket] = await encode({ prompt: 'rocket' })
    expect(rows.length).toBe(140)
    expectRows(
      [131, 132, 133, 134, 139].map(i => rows[i]),
      [pizza, rocket, rocket, pizza, pizza],
    )
  })

  test.each([
    ['prompts', { prompt: Array.from({ length: 20_000 }, (_, i) => `pizza ${i}`) }],
    ['pictures of one prompt', { prompt: 'pizza', numImagesPerPrompt: 50_000 }],
  ])('stops at an abort among thousands of %s', async (_, inputs) => {
    const controller = new AbortController()
    const running = encoder()(inputs, { output: 'promptEmbeds', signal: controller.signal, onEvent: () => {} })
    setTimeout(() => controller.abort(), 30)
    expect(((await failureOf(running)) as Error).name).toBe('AbortError')
  })

  test('refuses embeddings that do not fit into memory', async () => {
    const error = await failureOf(encode({ prompt: 'pizza', numImagesPerPrompt: 1e12 }))
    expect(error).toBeInstanceOf(PipelineValidationError)
    expect((error as Error).message).toContain('memory')
  })

  test('names the first ten of many prompts with a problem, and counts the others', async () => {
    const { warnings, onEvent } = collectWarnings()
    const prompt = new Array<string>(13).fill(' ')
    take(await encoder()<tf.Tensor>({ prompt }, { output: 'promptEmbeds', onEvent }))
    expect(warnings.length).toBe(11)
    expect(warnings.at(-1)).toMatchObject({ code: 'PROMPT_EMPTY', message: '3 more prompts are empty.' })
  })

  test.each(['', '  \n'])('warns of the empty prompt %j', async prompt => {
    const { warnings, onEvent } = collectWarnings()
    const embeds = take(await encoder()<tf.Tensor>({ prompt: ['pizza', prompt] }, { output: 'promptEmbeds', onEvent }))
    expect(embeds.shape).toEqual([2, 24, 128])
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'PROMPT_EMPTY',
        message: 'The prompt 2 is empty: the picture will show anything.',
      }),
    ])
  })

  test.each(['🍎🚀 emoji', '赤いりんご', '빨간 사과', 'תפוח אדום', '👩‍👩‍👧‍👦', '\u0000\ud800'])(
    'takes %j',
    async prompt => {
      const [row] = await encode({ prompt })
      expect(row?.every(Number.isFinite)).toBe(true)
      expect(row).not.toEqual((await encode({ prompt: '' }))[0])
    },
  )
})

/** Compares rows that were computed in batches of other sizes. */
function expectRows(
  rows: readonly (readonly number[] | undefined)[],
  expected: readonly (readonly number[] | undefined)[],
): void {
  const flat = (of: typeof rows) => ({ shape: of.map(row => row?.length ?? 0), values: of.flatMap(row => row ?? []) })
  expectClose('rows', flat(rows), flat(expected), { atol: 1e-5, rtol: 1e-5 })
}
