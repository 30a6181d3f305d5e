/** Prompts with weights and of any length: what they become, next to an implementation in Python, and the warnings about others. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  EncodePrompt,
  InputTypeError,
  loadTextualInversion,
  type ModularPipeline,
  type ModularPipelineBlocks,
  StableDiffusionXLEncodePrompt,
  selectBackend,
  UsePromptEmbeds,
} from '../../../index'
import { expectClose } from '../../../testing/goldens/compare'
import { useLeakCheck } from '../../components/tensors/use-leak-check'
import { readTensors } from '../read-tensors'
import { collectWarnings, failureOf, take } from '../use-emoji-model'

const goldens = join(__dirname, '..', '..', 'goldens')
const folder = join(goldens, 'weighted-prompts')

/** A prompt, as the script in `testing/goldens/peers` records it. */
interface WeightedCase {
  readonly model: 'stable_diffusion_adapters' | 'stable_diffusion_xl_adapters'
  readonly chunks: number
  readonly prompt: string | string[]
  readonly prompt_2?: string
  readonly negative_prompt?: string
  readonly negative_prompt_2?: string
  readonly clip_skip?: number
  readonly inversions?: readonly string[]
}

const { cases, tolerance } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
  cases: WeightedCase[]
  tolerance: { atol: number; rtol: number }
}

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

/** Works with a text encoder of a checkpoint. */
async function withEncoder<T>(
  blocks: ModularPipelineBlocks,
  model: WeightedCase['model'],
  work: (pipe: ModularPipeline) => Promise<T>,
  executor: 'eager' | 'graph' = 'eager',
): Promise<T> {
  const pipe: ModularPipeline = blocks.initPipeline(join(goldens, 'pipelines', model))
  await pipe.loadComponents({ executor })
  return work(pipe).finally(() => pipe.dispose())
}

describe.each(['eager', 'graph'] as const)('computed by the executor %s', executor => {
  test.each(cases.map((each, i) => [i, each.model, each] as const))('case %i: %s', async (i, model, each) => {
    const recorded = await readTensors(join(folder, 'embeds.safetensors'))
    const isXL = model === 'stable_diffusion_xl_adapters'
    const names = [
      'promptEmbeds',
      'negativePromptEmbeds',
      ...(isXL ? ['pooledPromptEmbeds', 'negativePooledPromptEmbeds'] : []),
    ]
    const blocks = isXL ? new StableDiffusionXLEncodePrompt() : new EncodePrompt()
    const outputs = await withEncoder(
      blocks,
      model,
      async pipe => {
        for (const name of each.inversions ?? []) {
          await loadTextualInversion(
            pipe,
            join(goldens, 'pipelines', model, 'textual_inversion', `${name}.safetensors`),
          )
        }
        const inputs = {
          prompt: each.prompt,
          prompt2: each.prompt_2,
          negativePrompt: each.negative_prompt,
          negativePrompt2: each.negative_prompt_2,
          clipSkip: each.clip_skip,
        }
        const given = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined))
        return pipe<tf.Tensor>({ ...given, promptSyntax: 'a1111' }, { output: names })
      },
      executor,
    )
    for (const name of names) {
      const key = name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
      let { shape, values } = take(outputs[name] as tf.Tensor)
      const expected = recorded(`${i}.${key}`)
      // One negative prompt for several prompts.
      if (shape[0] !== expected.shape[0]) {
        values = values.slice(0, values.length / (shape[0] as number))
        shape = [1, ...shape.slice(1)]
      }
      expectClose(name, { shape, values }, expected, tolerance)
    }
  })
})

describe('a prompt', () => {
  const encode = (pipe: ModularPipeline, inputs: Record<string, unknown>) => {
    const { warnings, onEvent } = collectWarnings()
    const told = () => warnings.map(({ code, message }) => `${code}: ${message}`)
    return pipe<tf.Tensor>(inputs, { output: 'promptEmbeds', onEvent }).then(embeds => ({
      ...take(embeds),
      told: told(),
    }))
  }
  const sd = <T>(work: (pipe: ModularPipeline) => Promise<T>) =>
    withEncoder(new EncodePrompt(), 'stable_diffusion_adapters', work)

  test('without weights that fits is encoded as plain text, to the byte', () =>
    sd(async pipe => {
      const plain = await encode(pipe, { prompt: 'a red apple, house' })
      expect(await encode(pipe, { prompt: 'a red apple, house', promptSyntax: 'a1111' })).toEqual(plain)
      expect(plain.told).toEqual([])
    }))

  test('in the syntax that is read as plain text causes a warning, and so does one that is too long', () =>
    sd(async pipe => {
      const { told } = await encode(pipe, { prompt: 'a (red:1.3) apple', negativePrompt: '((bad)) picture' })
      expect(told).toEqual([
        expect.stringMatching(
          /^PROMPT_SYNTAX_IGNORED: The prompt is read as plain text, and so is "\(red:1.3\)".*--prompt-syntax/,
        ),
        expect.stringMatching(/^PROMPT_SYNTAX_IGNORED: The negative prompt .*"\(\(bad\)\)"/),
      ])
      for (const prompt of ['red BREAK green', '<lora:x:0.5> red', '[[red]]', String.raw`a \(red\) apple`]) {
        expect((await encode(pipe, { prompt })).told).toHaveLength(1)
      }
      for (const prompt of ['red (and green) apples', 'a [b] c', 'breaks: 3', 'ratio (3:4 or so)']) {
        expect((await encode(pipe, { prompt })).told).toEqual([])
      }
      const long = `${'a '.repeat(80)}(end:1.2)`
      const [truncated] = (await encode(pipe, { prompt: long })).told
      expect(truncated).toMatch(
        /^PROMPT_TRUNCATED: .* longer than 77 tokens. The truncated part is: "a a a a a \(.*: 1 . 2 \)"/,
      )
      expect((await encode(pipe, { prompt: long, promptSyntax: 'a1111' })).told).toEqual([])
    }))

  test('causes a warning if it changes with the steps, is composed, or names a file', () =>
    sd(async pipe => {
      const { told } = await encode(pipe, {
        prompt: '[cat:dog:0.5] <lora:toy:0.8>',
        negativePrompt: 'a AND b',
        promptSyntax: 'a1111',
      })
      expect(told).toEqual([
        expect.stringMatching(/^PROMPT_TAG_IGNORED: The prompt names "<lora:toy:0.8>".*loadLoraWeights/),
        expect.stringMatching(/^PROMPT_SYNTAX_UNSUPPORTED: The prompt has "\[cat:dog:0.5\]"/),
        expect.stringMatching(/^PROMPT_SYNTAX_UNSUPPORTED: The negative prompt has "AND"/),
      ])
    }))

  test('that is far too long, or weighs far too much, is refused', () =>
    sd(async pipe => {
      const refused = async (prompt: string) => {
        const error = await failureOf(encode(pipe, { prompt, promptSyntax: 'a1111' }))
        expect(error).toBeInstanceOf(InputTypeError)
        return (error as Error).message
      }
      expect(await refused('a '.repeat(75 * 64 + 1))).toContain('at most 64 chunks')
      expect(await refused('BREAK '.repeat(65))).toContain('at most 64 chunks')
      expect(await refused('(red:1e3) (red:1001)')).toContain('that of "red" is 1001')
      expect(await refused(`${'('.repeat(100)}red${')'.repeat(63)}:99)`)).toContain(
        'weights must be from -1000 to 1000',
      )
    }))

  test('beside embeddings takes as many tokens as they have, or is refused', () =>
    withEncoder(new UsePromptEmbeds(), 'stable_diffusion_adapters', async pipe => {
      const promptEmbeds = tf.zeros([1, 2 * 77, 32])
      const call = (negativePrompt: string) =>
        pipe<tf.Tensor>({ promptEmbeds, negativePrompt, promptSyntax: 'a1111' }, { output: 'negativePromptEmbeds' })
      expect(take(await call('(bad:1.2)')).shape).toEqual([1, 154, 32])
      const error = await failureOf(call('a '.repeat(160)))
      expect((error as Error).message).toContain('the negative prompt makes 231 tokens')
      promptEmbeds.dispose()
    }))
})
