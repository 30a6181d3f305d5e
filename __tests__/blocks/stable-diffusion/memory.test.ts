/** Runs of the emoji model leave no tensor and no byte behind, however they end. */
import { StableDiffusionTextToImageBlocks } from '../../../index'
import { tensorMemory } from '../../components/tensors/use-leak-check'
import { emojiFolder, failureOf, useEmojiModel } from '../use-emoji-model'

const emoji = useEmojiModel()

const inputs = { prompt: 'pizza', numInferenceSteps: 1, height: 16, width: 16 }
const textToImage = () => emoji.pipelineOf(new StableDiffusionTextToImageBlocks())

describe('text to image', () => {
  test('ends 20 runs with the tensors and bytes that it began with', async () => {
    const pipe = textToImage()
    const before = tensorMemory()
    for (let i = 0; i < 20; i++) {
      await pipe(inputs, { output: 'images', seed: i })
      expect(tensorMemory()).toEqual(before)
    }
  })

  test('ends 20 runs at once with the tensors and bytes that it began with', async () => {
    const pipe = textToImage()
    const before = tensorMemory()
    await Promise.all(Array.from({ length: 20 }, (_, i) => pipe(inputs, { output: 'images', seed: i })))
    expect(tensorMemory()).toEqual(before)
  })

  test('ends runs that fail in any block with the tensors and bytes that it began with', async () => {
    const before = tensorMemory()
    for (const [wrong, code] of [
      [{ prompt: 5 }, 'PIPELINE_VALIDATION'],
      [{ guidanceScale: 1e40 }, 'NON_FINITE'],
      [{ clipSkip: 7 }, 'INPUT_TYPE'],
      [{ numInferenceSteps: 2000 }, 'BLOCK_EXECUTION'],
      [{ width: 17 }, 'INPUT_TYPE'],
      [{ eta: 2 }, 'BLOCK_EXECUTION'],
    ] as const) {
      const error = await failureOf(textToImage()({ ...inputs, ...wrong }, { seed: 1, checkNumerics: true }))
      expect(error).toMatchObject({ code })
      expect(tensorMemory()).toEqual(before)
    }
  })

  test('ends runs that are cancelled in any block with the tensors and bytes that it began with', async () => {
    const pipe = textToImage()
    const blocks: string[] = []
    await pipe(inputs, {
      output: 'images',
      seed: 1,
      onEvent: event => void (event.type === 'blockEnd' && blocks.push(event.block)),
    })
    expect(blocks).toEqual(
      expect.arrayContaining([
        'SetGuidance',
        'EncodePrompt',
        'PredictNoise',
        'DenoiseLoop',
        'StableDiffusionDecodeLatents',
      ]),
    )
    const before = tensorMemory()
    for (const block of blocks.slice(0, -2)) {
      const stop = new AbortController()
      const error = await failureOf(
        pipe(inputs, {
          seed: 1,
          signal: stop.signal,
          onEvent: event => void (event.type === 'blockEnd' && event.block === block && stop.abort()),
        }),
      )
      expect(error).toMatchObject({ code: 'ABORTED' })
      expect(tensorMemory()).toEqual(before)
    }
  })

  test('releases the weights when the pipeline that loaded them is disposed', async () => {
    const before = tensorMemory()
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    await pipe.loadComponents()
    expect(tensorMemory().numBytes).toBeGreaterThan(before.numBytes + 10_000_000)
    pipe.dispose()
    expect(tensorMemory()).toEqual(before)
  })
})
