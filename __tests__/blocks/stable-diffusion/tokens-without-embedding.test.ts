/** A token was added to the tokenizer, and the text encoder was not resized. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  CLIPTextModel,
  ModelInputError,
  StableDiffusionTextToImageBlocks,
  TokenWithoutEmbeddingError,
} from '../../../index'
import { emojiFolder, failureOf } from '../use-emoji-model'

describe('a token without an embedding', () => {
  let folder: string
  let vocabSize: number

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tesserae-token-'))
    cpSync(emojiFolder, folder, { recursive: true, filter: path => !path.includes('reference') })
    const config = join(folder, 'text_encoder', 'config.json')
    vocabSize = (JSON.parse(readFileSync(config, 'utf8')) as { vocab_size: number }).vocab_size
    const file = join(folder, 'tokenizer', 'tokenizer.json')
    const tokenizer = JSON.parse(readFileSync(file, 'utf8')) as { added_tokens: object[] }
    const flags = { lstrip: false, normalized: false, rstrip: false, single_word: false, special: false }
    tokenizer.added_tokens.push({ id: vocabSize, content: '<sks>', ...flags })
    writeFileSync(file, JSON.stringify(tokenizer))
    rmSync(join(folder, 'tokenizer', 'tokenizer_config.json'))
    rmSync(join(folder, 'tokenizer', 'special_tokens_map.json'))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is named when the pipeline is loaded, and by a prompt that holds it', async () => {
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(folder)
    await pipe.loadComponents()
    const told = emit.mock.calls.map(([message]) => String(message)).filter(message => message.includes('embeddings'))
    emit.mockRestore()
    expect(told).toEqual([
      expect.stringContaining(
        `the text encoder has embeddings for ${vocabSize} tokens, and the tokenizer has more: "<sks> (${vocabSize})". A prompt that holds one of them fails.`,
      ),
    ])
    const error = await failureOf(pipe({ prompt: 'a <sks> apple', numInferenceSteps: 1 }, { onEvent: () => {} }))
    expect(error).toBeInstanceOf(TokenWithoutEmbeddingError)
    expect(error).toMatchObject({ token: '<sks>', tokenId: vocabSize, vocabSize, path: ['encodePrompt'] })
    expect((error as Error).message).not.toContain('eager')
    pipe.dispose()
  })

  test('is refused by the text encoder itself, by its id', async () => {
    const textEncoder = await CLIPTextModel.fromPretrained(folder, { subfolder: 'text_encoder' })
    for (const id of [vocabSize, -1]) {
      const inputIds = tf.tensor2d([[1, id]], undefined, 'int32')
      const error = await failureOf(textEncoder.call({ inputIds }))
      expect(error).toBeInstanceOf(ModelInputError)
      expect((error as Error).message).toBe(
        `CLIPTextModel: "inputIds" holds the token ${id}; the model has embeddings for 0 to ${vocabSize - 1}.`,
      )
      inputIds.dispose()
    }
    textEncoder.dispose()
  })
})
