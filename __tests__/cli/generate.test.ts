/** Ctrl-C at chosen moments, in this process: cli.test.ts runs the program itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { type GenerateOptions, generate } from '../../cli/generate'
import { ProgressDisplay } from '../../cli/progress-display'
import { Image, type PipelineEvent, readPngText, selectBackend } from '../../index'
import { emojiFolder, failureOf } from '../blocks/use-emoji-model'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useLeakCheck } from '../components/tensors/use-leak-check'

const folder = useTemporaryFolder()
beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

const signals = ['SIGINT', 'SIGTERM'] as const
const listeners = () => signals.map(signal => process.listenerCount(signal))

const options = (): GenerateOptions => ({
  model: emojiFolder,
  negative: '',
  steps: 5,
  guidance: 4,
  count: 1,
  seed: 1,
  out: join(folder(), 'x.png'),
  backend: 'wasm',
  json: true,
  version: '0',
})

describe('generate', () => {
  test.each(signals)('stops loading at %s', async signal => {
    const before = listeners()
    const failure = failureOf(generate('pizza', options()))
    while (tf.memory().numBytes < 1_000_000) await new Promise(setImmediate)
    process.emit(signal)
    expect(await failure).toMatchObject({ name: 'AbortError' })
    expect(readdirSync(folder())).toEqual([])
    expect(listeners()).toEqual(before)
  })

  test.each(signals)('stops drawing at %s', async signal => {
    const before = listeners()
    let steps = 0
    jest.spyOn(ProgressDisplay.prototype, 'show').mockImplementation((event: PipelineEvent) => {
      if (event.type === 'loopStep' && ++steps === 2) process.emit(signal)
    })
    const error = await failureOf(generate('pizza', options()))
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORTED' })
    expect(steps).toBe(2)
    expect(readdirSync(folder())).toEqual([])
    expect(listeners()).toEqual(before)
  })

  test('keeps the pictures that are drawn when it is stopped', async () => {
    jest.spyOn(ProgressDisplay.prototype, 'show').mockImplementation((event: PipelineEvent) => {
      if (event.type === 'loopStep' && event.step === 2 && readdirSync(folder()).length === 2) process.emit('SIGINT')
    })
    const said = jest.spyOn(console, 'error').mockImplementation()
    const error = await failureOf(generate('pizza', { ...options(), count: 3, steps: 3 }))
    expect(error).toMatchObject({ name: 'AbortError' })
    const last = join(folder(), 'x-2.png')
    expect(said.mock.calls).toEqual([[`2 of 3 pictures were written, the last one to ${last}.`]])
    expect(readdirSync(folder()).sort()).toEqual(['x-1.png', 'x-2.png'])
    const record = (await readPngText(readFileSync(join(folder(), 'x-2.png')))).get('tesserae')
    expect(JSON.parse(record as string)).toMatchObject({ prompt: 'pizza', seed: 2, steps: 3 })
  })

  test('changes a picture, and stores its name and the strength', async () => {
    const image = join(folder(), 'drawing.png')
    const mask = join(folder(), 'mask.png')
    const grey = (value: number) =>
      new Image({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(value) })
    await grey(200).save(image)
    await grey(0).save(mask)
    jest.spyOn(console, 'log').mockImplementation()
    const draw = async (name: string, more: Partial<GenerateOptions>) => {
      const out = join(folder(), name)
      await generate('pizza', { ...options(), steps: 3, out, ...more })
      const text = (await readPngText(readFileSync(out))).get('tesserae') as string
      return { picture: await Image.load(out), record: JSON.parse(text) as Record<string, unknown> }
    }
    const plain = await draw('plain.png', {})
    const changed = await draw('changed.png', { image, strength: 0.7 })
    expect(changed.record).toMatchObject({ image: 'drawing.png', strength: 0.7 })
    expect(plain.record).not.toHaveProperty('image')
    expect(plain.record).not.toHaveProperty('strength')
    expect(changed.picture).not.toEqual(plain.picture)
    expect((await draw('again.png', { image, strength: 0.7 })).picture).toEqual(changed.picture)
    // Nothing is redrawn where the mask is black; the VAE alone changes the picture.
    const kept = await draw('kept.png', { image, mask })
    expect(kept.record).toMatchObject({ image: 'drawing.png', mask: 'mask.png', strength: 1 })
    const mean = kept.picture.data.reduce((sum, value) => sum + value, 0) / kept.picture.data.length
    expect(Math.abs(mean - 200)).toBeLessThan(30)
  })

  test.each([
    [{ mask: 'mask.png' }, '--mask: there is no picture for the mask. Add --image.'],
    [{ image: 'nowhere.png' }, 'looked for "nowhere.png"'],
    [{ image: __filename }, 'is not an image of a known format'],
    [{ strength: 0.5 }, '--strength: there is no picture to change.'],
    [{ prompt2: 'cat' }, '--prompt2: this pipeline has no input prompt2.'],
  ])('refuses %j before the weights are read', async (wrong, problem) => {
    const before = tf.memory().numTensors
    const error = await failureOf(generate('pizza', { ...options(), ...wrong }))
    expect(String(error)).toContain(problem)
    expect(tf.memory().numTensors).toBe(before)
  })

  test('writes previews while it draws, and leaves the latest one whole at Ctrl-C', async () => {
    const preview = join(folder(), 'preview.png')
    const seen: string[][] = []
    jest.spyOn(ProgressDisplay.prototype, 'show').mockImplementation((event: PipelineEvent) => {
      if (event.type !== 'loopStep') return
      seen.push(readdirSync(folder()))
      if (event.step === 3) process.emit('SIGINT')
    })
    const error = await failureOf(generate('pizza', { ...options(), preview, previewEvery: 2 }))
    expect(error).toMatchObject({ name: 'AbortError' })
    expect(seen).toEqual([[], ['preview.png'], ['preview.png']])
    expect(readdirSync(folder())).toEqual(['preview.png'])
    expect(await Image.load(preview)).toMatchObject({ width: 64, height: 64 })
  })

  test.each([
    ['preview.gif', 'unknown-format'],
    [join('nowhere', 'preview.png'), 'missing-folder'],
  ])('refuses a preview that cannot be written: %s', async (name, reason) => {
    const failure = failureOf(generate('pizza', { ...options(), preview: join(folder(), name), model: 'nowhere' }))
    expect(await failure).toMatchObject({ code: 'UNWRITABLE_FILE', reason })
  })

  test('does not begin to load where the picture could not be written', async () => {
    const failure = failureOf(
      generate('pizza', { ...options(), out: join(folder(), 'nowhere', 'x.png'), model: 'nowhere' }),
    )
    expect(await failure).toMatchObject({ code: 'UNWRITABLE_FILE', reason: 'missing-folder' })
  })
})
