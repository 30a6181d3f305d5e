/** Pictures beside the prompt: who sees an adapter, what is refused, and that nothing of it stays. */
import { join } from 'node:path'
import {
  disableFreeU,
  enableFreeU,
  Image,
  IPAdapterError,
  loadIpAdapter,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  setIpAdapterScale,
  tf,
  unloadIpAdapter,
} from '../../../index'
import { InputTypeError, MissingInputError } from '../../../src'
import { useLeakCheck } from '../../components/tensors/use-leak-check'

const MODEL = join(__dirname, '..', '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')
const FOLDER = join(MODEL, 'ip_adapter')
const PLACE = { subfolder: 'models', weightName: 'ip-adapter_sd15.safetensors' } as const

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

/** A picture of one colour, with a line. */
function pictureOf(red: number): Image {
  const data = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i % 3 === 0 ? red : i % 251))
  return new Image({ width: 40, height: 30, channels: 3, data })
}

const picture = pictureOf(200)
const inputs = { prompt: 'a cat', numInferenceSteps: 2, height: 64, width: 64, guidanceScale: 3 }

async function withPipeline(work: (pipe: Pipeline) => Promise<void>): Promise<void> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(MODEL)
  try {
    await pipe.loadComponents()
    await work(pipe)
  } finally {
    pipe.dispose()
  }
}

type Pipeline = ReturnType<StableDiffusionTextToImageBlocks['initPipeline']>

async function draw(
  pipe: Pipeline,
  more: Record<string, unknown> = {},
  onStep: () => void = () => undefined,
): Promise<readonly number[]> {
  const onEvent = ({ type }: { type: string }) => void (type === 'loopStep' && onStep())
  const images = await pipe({ ...inputs, ...more }, { output: 'images', seed: 1, onEvent })
  return [...((images as Image[])[0] as Image).data]
}

test('an adapter changes the pictures of its pipeline alone, and leaves nothing behind', () =>
  withPipeline(async pipe => {
    const plain = await draw(pipe)
    const other = new StableDiffusionTextToImageBlocks().initPipeline(MODEL)
    other.updateComponents(
      Object.fromEntries(
        pipe.componentNames.filter(name => name !== 'adapters').map(name => [name, pipe.components[name as never]]),
      ),
    )
    await loadIpAdapter(pipe, FOLDER, PLACE)
    const shown = await draw(pipe, { ipAdapterImage: picture })
    expect(shown).not.toEqual(plain)
    expect(await draw(pipe, { ipAdapterImage: pictureOf(20) })).not.toEqual(shown)
    expect(await draw(other)).toEqual(plain)
    other.dispose()
    setIpAdapterScale(pipe, 0)
    expect(await draw(pipe, { ipAdapterImage: picture })).toEqual(plain)
    setIpAdapterScale(pipe, 1)
    // A run keeps what it began with.
    expect(await draw(pipe, { ipAdapterImage: picture }, () => unloadIpAdapter(pipe))).toEqual(shown)
    expect(await draw(pipe)).toEqual(plain)
  }))

test('what does not fit is refused before the first step', () =>
  withPipeline(async pipe => {
    const refused = async (more: Record<string, unknown>, type: new (...args: never[]) => Error, text: string) => {
      const steps: unknown[] = []
      const drawing = pipe(
        { ...inputs, ...more },
        { onEvent: event => void (event.type === 'loopStep' && steps.push(event)) },
      )
      const error: unknown = await drawing.catch((thrown: unknown) => thrown)
      const cause = error instanceof type ? error : (error as Error).cause
      expect(cause).toBeInstanceOf(type)
      expect((cause as Error).message).toContain(text)
      expect(steps).toEqual([])
    }
    await refused(
      { ipAdapterImage: picture },
      InputTypeError,
      'the pipeline has no IP-Adapter. Load one with loadIpAdapter()',
    )
    await loadIpAdapter(pipe, FOLDER, { ...PLACE, imageEncoderFolder: null })
    await refused({}, MissingInputError, 'ipAdapterImage')
    await refused({ ipAdapterImage: picture }, IPAdapterError, 'There is no image encoder for it.')
    const embeds = tf.zeros([1, 1, 20])
    await refused({ ipAdapterImageEmbeds: [embeds] }, InputTypeError, 'with guidance it must have twice as many rows')
    const wide = tf.zeros([2, 1, 21])
    await refused({ ipAdapterImageEmbeds: [wide] }, InputTypeError, 'it must be a tensor [rows, pictures, 20]')
    await loadIpAdapter(pipe, FOLDER, PLACE)
    await refused({ ipAdapterImage: [picture, picture] }, InputTypeError, 'pass them as a list in the list: [[a, b]]')
    const mask = tf.ones([1, 64, 64, 2])
    const masked = { ipAdapterImage: picture, crossAttentionKwargs: { ipAdapterMasks: [mask] } }
    await refused(masked, InputTypeError, 'each must be a tensor [1, height, width, 1]')
    tf.dispose([embeds, wide, mask])
  }))

test('an adapter that cannot be loaded changes nothing', () =>
  withPipeline(async pipe => {
    await loadIpAdapter(pipe, FOLDER, PLACE)
    const shown = await draw(pipe, { ipAdapterImage: picture })
    await expect(loadIpAdapter(pipe, FOLDER, { ...PLACE, imageEncoderFolder: 'none' })).rejects.toThrow(
      'There is no image encoder for it in',
    )
    await expect(loadIpAdapter(pipe, FOLDER, { subfolder: 'models' })).rejects.toThrow(
      /Holds \d .safetensors files. Pass one of them as weightName/,
    )
    await expect(loadIpAdapter(pipe, join(FOLDER, 'none'))).rejects.toThrow('There is no such file or folder.')
    const named = loadIpAdapter(pipe, FOLDER, { ...PLACE, weightName: 'other.safetensors' })
    await expect(named).rejects.toThrow('Holds no file "other.safetensors". It holds: ')
    const two = { subfolder: ['models', 'models', 'models'], weightName: ['a.safetensors', 'b.safetensors'] }
    await expect(loadIpAdapter(pipe, FOLDER, two)).rejects.toThrow('there must be one for each of the 2 IP-Adapters')
    expect(await draw(pipe, { ipAdapterImage: picture })).toEqual(shown)
  }))

test('FreeU is switched on and off', () =>
  withPipeline(async pipe => {
    const plain = await draw(pipe)
    enableFreeU(pipe, { s1: 0.9, s2: 0.2, b1: 1.5, b2: 1.6 })
    expect(await draw(pipe)).not.toEqual(plain)
    expect(() => enableFreeU(pipe, { s1: 0, s2: 0.2, b1: 1.5, b2: 1.6 })).toThrow(InputTypeError)
    disableFreeU(pipe)
    expect(await draw(pipe)).toEqual(plain)
  }))
