/** Every kind of adapter together with every other: both have an effect, and without both the first picture is redrawn, byte for byte. */
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import {
  ControlNetModel,
  disableFreeU,
  enableFreeU,
  Image,
  loadIpAdapter,
  loadLoraWeights,
  loadTextualInversion,
  ModularPipeline,
  PerturbedAttentionGuidance,
  selectBackend,
  T2IAdapter,
  unloadIpAdapter,
  unloadLoraWeights,
  unloadTextualInversion,
} from '../../../index'
import { useLeakCheck } from '../../components/tensors/use-leak-check'

const folder = join(__dirname, '..', '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')
// In the middle of a UNet for pictures of this size, attention has one position to attend to.
const FIRST = { indices: [0], fqn: 'down_blocks.0.attentions.0.transformer_blocks' }
const inputs = { prompt: 'a red <toy>', height: 32, width: 32, numInferenceSteps: 2, guidanceScale: 3 }

/** A picture of stripes. */
const stripes = new Image({
  width: 32,
  height: 32,
  channels: 3,
  data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i % 96 < 48 ? 250 : 5)),
})

/** One kind of adapter: how it is put on a pipeline and removed, and what a call needs besides. */
interface Kind {
  put(pipe: ModularPipeline): unknown
  take(pipe: ModularPipeline): unknown
  readonly inputs?: Readonly<Record<string, unknown>>
}

let controlnet: ControlNetModel
let adapter: T2IAdapter
let guider: unknown

const KINDS: Readonly<Record<string, Kind>> = {
  LoRA: {
    put: pipe => loadLoraWeights(pipe, join(folder, 'lora', 'peft.safetensors')),
    take: pipe => unloadLoraWeights(pipe),
  },
  ControlNet: {
    put: pipe => pipe.updateComponents({ controlnet }),
    take: pipe => pipe.updateComponents({ controlnet: null }),
    inputs: { controlImage: stripes },
  },
  'T2I-Adapter': {
    put: pipe => pipe.updateComponents({ adapter }),
    take: pipe => pipe.updateComponents({ adapter: null }),
    inputs: { adapterImage: stripes },
  },
  'IP-Adapter': {
    put: pipe =>
      loadIpAdapter(pipe, join(folder, 'ip_adapter'), {
        subfolder: 'models',
        weightName: 'ip-adapter_sd15.safetensors',
      }),
    take: pipe => unloadIpAdapter(pipe),
    inputs: { ipAdapterImage: stripes },
  },
  'textual inversion': {
    put: pipe => loadTextualInversion(pipe, join(folder, 'textual_inversion', 'toy.safetensors'), { token: '<toy>' }),
    take: pipe => unloadTextualInversion(pipe),
  },
  FreeU: {
    put: pipe => enableFreeU(pipe, { s1: 0.5, s2: 0.2, b1: 1.5, b2: 1.6 }),
    take: pipe => disableFreeU(pipe),
  },
  'perturbed attention': {
    put: pipe =>
      pipe.updateComponents({
        guider: new PerturbedAttentionGuidance({
          guidanceScale: 3,
          perturbedGuidanceConfig: FIRST,
          perturbedGuidanceStart: 0,
          perturbedGuidanceStop: 1,
        }),
      }),
    take: pipe => pipe.updateComponents({ guider }),
  },
}
const names = Object.keys(KINDS)
const pairs = names.flatMap((one, i) => names.slice(i + 1).map(other => [one, other] as const))

/** The bytes of a picture. */
async function draw(pipe: ModularPipeline, kinds: readonly string[]): Promise<string> {
  const more = Object.assign({}, ...kinds.map(name => KINDS[name]?.inputs ?? {}))
  const images = await pipe<tf.Tensor>({ ...inputs, ...more, outputType: 'tensor' }, { output: 'images', seed: 1 })
  const pixels = await images.data<'float32'>()
  images.dispose()
  expect(pixels.every(Number.isFinite)).toBe(true)
  return Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength).toString('base64')
}

/** Draws with some kinds, and takes them away again. */
async function drawWith(pipe: ModularPipeline, kinds: readonly string[]): Promise<string> {
  for (const name of kinds) await KINDS[name]?.put(pipe)
  const pixels = await draw(pipe, kinds)
  for (const name of kinds) await KINDS[name]?.take(pipe)
  return pixels
}

describe.each(['eager', 'graph'] as const)('computed by the executor %s', executor => {
  let pipe: ModularPipeline
  let plain: string
  const alone = new Map<string, string>()

  beforeAll(async () => {
    await selectBackend({ backend: 'wasm', threads: 1 })
    pipe = await ModularPipeline.fromPretrained(folder)
    await pipe.loadComponents({ executor })
    controlnet = await ControlNetModel.fromPretrained(join(folder, 'controlnet_a'))
    controlnet.useExecutor((pipe.components as { unet: ControlNetModel }).unet.executor)
    adapter = await T2IAdapter.fromPretrained(join(folder, '..', '..', 't2i-adapter-runs', 'sd_full'))
    adapter.useExecutor(controlnet.executor)
    guider = (pipe.components as { guider?: unknown }).guider
    plain = await draw(pipe, [])
  })
  afterAll(() => {
    pipe.dispose()
    controlnet.dispose()
    adapter.dispose()
  })
  useLeakCheck()

  test.each(names)('%s alone has an effect, and leaves nothing behind', async name => {
    const pixels = await drawWith(pipe, [name])
    expect(pixels).not.toEqual(plain)
    alone.set(name, pixels)
    expect(await draw(pipe, [])).toEqual(plain)
  })

  test.each([...pairs, names].map(kinds => [kinds.join(', '), kinds] as const))(
    '%s have an effect each, and leave nothing behind',
    async (_, kinds) => {
      const pixels = await drawWith(pipe, kinds)
      for (const name of kinds) expect(pixels).not.toEqual(alone.get(name))
      expect(await draw(pipe, [])).toEqual(plain)
    },
  )
})
