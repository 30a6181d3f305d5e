/** Warnings of what a model was not trained on. */

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { withoutLearnedWords } from '../../../blocks/steps/check-vocabulary'
import { CLIPTokenizer, EncodePrompt, PrepareLatents, SequentialPipelineBlocks, SetTimesteps } from '../../../index'
import { collectWarnings, emojiFolder, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

async function warningsOf(inputs: Record<string, unknown>, components = {}) {
  const { warnings, onEvent } = collectWarnings()
  const pipe = emoji.pipelineOf(new EncodePrompt(), components)
  const embeds = await pipe<tf.Tensor>(inputs, { output: 'promptEmbeds', onEvent })
  embeds.dispose()
  return warnings
}

describe('EncodePrompt', () => {
  test('warns once of all words that the model does not know, negative ones too', async () => {
    const [warning, ...others] = await warningsOf({ prompt: ['red aple', 'a big cat'], negativePrompt: 'blurry' })
    expect(others).toEqual([])
    expect(warning?.code).toBe('UNKNOWN_WORDS')
    expect(warning?.message).toMatch(
      /"aple" \(nearest: "red apple", "apple" and "green apple"\), "big".*"blurry".*--list-words/,
    )
  })

  test('warns of more names than the model was trained on', async () => {
    expect(await warningsOf({ prompt: 'cat and dog' })).toMatchObject([
      { code: 'UNKNOWN_WORDS', message: expect.stringContaining('"and"') },
      { code: 'TOO_MANY_NAMES', message: expect.stringContaining('"cat" and "dog"') },
    ])
  })

  test('does not warn of what the model knows', async () => {
    expect(await warningsOf({ prompt: ['An emoji of a red apple!', 'blue car'] })).toEqual([])
  })

  test('does not warn of words that were learned', async () => {
    const known = emoji.tokenizer.withTokens(new Map(['<t>', '<t>_1'].map((word, i) => [word, 60_000 + i])))
    const texts = ['a <t>, <t>_1 cat', '<t>']
    expect(withoutLearnedWords(texts, known)).toEqual(['a  ,   cat', ' '])
    expect(withoutLearnedWords(texts, emoji.tokenizer)).toEqual(texts)
  })

  test('does not warn of learned words that a model was saved with', async () => {
    const saved = join(mkdtempSync(join(tmpdir(), 'tesserae-learned-')), 'tokenizer')
    try {
      cpSync(join(emojiFolder, 'tokenizer'), saved, { recursive: true })
      await emoji.tokenizer.withTokens(new Map([['<cat-toy>', 2265]])).savePretrained(saved)
      const tokenizer = await CLIPTokenizer.fromPretrained(saved)
      expect(tokenizer.vocabulary).toBeDefined()
      expect(tokenizer.addedTokensEncoder.has('<cat-toy>')).toBe(true)
      const known = withoutLearnedWords(['a <cat-toy>'], tokenizer)
      expect(tokenizer.vocabulary?.check(known[0] as string).unknown).toEqual([])
    } finally {
      rmSync(dirname(saved), { recursive: true })
    }
  })

  test('does not warn where the model lists no words', async () => {
    const files = (emoji.tokenizer as unknown as { files: ConstructorParameters<typeof CLIPTokenizer>[0] }).files
    expect(await warningsOf({ prompt: 'red aple' }, { tokenizer: new CLIPTokenizer(files) })).toEqual([])
    expect((await CLIPTokenizer.fromPretrained(join(emojiFolder, 'tokenizer'))).vocabulary).toBeDefined()
  })
})

describe('a run', () => {
  test.each([
    [{}, 0],
    [{ width: 64, height: 64 }, 0],
    [{ width: 96, height: 96 }, 1],
    [{ height: 32 }, 1],
  ])('of the size %j gives warnings: %d', async (size, count) => {
    const { warnings, onEvent } = collectWarnings()
    const steps = { encodePrompt: EncodePrompt, setTimesteps: SetTimesteps, prepareLatents: PrepareLatents }
    const pipe = emoji.pipelineOf(SequentialPipelineBlocks.fromBlocksDict(steps))
    const latents = await pipe<tf.Tensor>(
      { prompt: 'cat', numInferenceSteps: 1, ...size },
      { output: 'latents', onEvent },
    )
    latents.dispose()
    expect(warnings.map(({ code }) => code)).toEqual(new Array(count).fill('UNKNOWN_SIZE'))
  })
})
