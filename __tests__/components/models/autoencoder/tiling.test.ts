/** When an autoencoder computes in tiles or image by image, and what that needs. */
import * as tf from '@tensorflow/tfjs'
import { Autoencoder } from '../../../../components/models/autoencoder/autoencoder'
import { TilingError } from '../../../../components/models/autoencoder/tiling-error'
import { AutoencoderKL } from '../../../../components/models/autoencoder-kl/autoencoder-kl'
import { AutoencoderTiny } from '../../../../components/models/autoencoder-tiny/autoencoder-tiny'
import { goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

/** Four pixels to a latent; 544 bytes to a pixel of a piece. */
let vae: AutoencoderKL
let warnings: jest.SpyInstance

// Before what useBackend() does at the end of a test.
afterEach(() => {
  warnings.mockRestore()
  vae.dispose()
})
useBackend('wasm')
beforeEach(async () => {
  vae = await AutoencoderKL.fromPretrained(goldenFolder('vae_tiling'))
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})

/** Lets a model have so much memory. */
function allow(model: Autoencoder, bytes: number): void {
  jest.spyOn(model, 'memory', 'get').mockReturnValue({ name: 'host', available: () => bytes })
}

async function numbersOf(result: Promise<tf.Tensor>): Promise<Float32Array> {
  const tensor = await result
  const values = tensor.dataSync<'float32'>()
  tensor.dispose()
  return values
}

/** Decodes latents of this shape, which are the same every time. */
async function decode(model: Autoencoder, batch: number, height: number, width: number): Promise<Float32Array> {
  const z = tf.randomNormal<tf.Rank.R4>([batch, height, width, 4], 0, 1, 'float32', 7)
  try {
    return await numbersOf(model.decode(z))
  } finally {
    z.dispose()
  }
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

describe('with enough memory', () => {
  test('an image is decoded whole', async () => {
    const calls = jest.spyOn(vae.executor, 'run')
    const byItself = await decode(vae, 1, 20, 20)
    expect(calls).toHaveBeenCalledTimes(1)
    calls.mockRestore()
    expect(vae.useTiling).toBe('auto')
    expect(await decode(vae.disableTiling(), 1, 20, 20)).toEqual(byItself)
    expect(warnings).not.toHaveBeenCalled()
  })

  test('tiles that were asked for are used all the same', async () => {
    const whole = await decode(vae, 1, 9, 11)
    const tiled = await decode(vae.enableTiling(), 1, 9, 11)
    expect(largestDifference(whole, tiled)).toBeGreaterThan(1e-3)
    expect(await decode(vae.enableTiling({ mode: 'auto' }), 1, 9, 11)).toEqual(whole)
  })
})

describe('with little memory', () => {
  test('an image is decoded in the largest tiles that fit, which a warning says once', async () => {
    allow(vae, 10e6)
    const tiled = await decode(vae, 1, 40, 50)
    await decode(vae, 1, 40, 50)
    expect(warnings).toHaveBeenCalledTimes(1)
    expect(warnings.mock.calls[0]).toEqual([
      'AutoencoderKL computes 200 × 160 pixels in tiles of 128 × 128 pixels: at once it needs about 17.4 MB of memory, and 10.0 MB are free. ' +
        'Tiles change the picture slightly. Call enableTiling() to always use them, or disableTiling() to never do so.',
      { type: 'TesseraeWarning', code: 'VAE_TILED' },
    ])
    expect(await decode(vae.enableTiling({ tileSampleMinSize: 128 }), 1, 40, 50)).toEqual(tiled)
  })

  test('a batch is decoded image by image, to the same numbers', async () => {
    const whole = await decode(vae, 3, 12, 16)
    allow(vae.enableTiling({ mode: 'auto' }), 3e6)
    const calls = jest.spyOn(vae.executor, 'run')
    const sliced = await decode(vae, 3, 12, 16)
    expect(calls).toHaveBeenCalledTimes(3)
    calls.mockRestore()
    expect(largestDifference(whole, sliced)).toBeLessThan(1e-5)
    expect(warnings).not.toHaveBeenCalled()
  })

  test('calls of one shape are computed in one way, whatever the memory is later', async () => {
    const whole = await decode(vae, 1, 40, 40)
    allow(vae, 1)
    expect(await decode(vae, 1, 40, 40)).toEqual(whole)
  })

  test('images are whole where tiles are disabled', async () => {
    const whole = await decode(vae, 1, 40, 40)
    allow(vae.disableTiling(), 1)
    expect(await decode(vae, 1, 40, 40)).toEqual(whole)
  })

  test('images are encoded in tiles too', async () => {
    const x = tf.randomUniform<tf.Rank.R4>([1, 160, 200, 3], -1, 1, 'float32', 7)
    const momentsOf = async () => {
      const distribution = await vae.encode(x)
      const moments = distribution.moments.dataSync<'float32'>()
      expect(distribution.shape).toEqual([1, 40, 50, 4])
      distribution.dispose()
      return moments
    }
    allow(vae, 10e6)
    const tiled = await momentsOf()
    expect(warnings).toHaveBeenCalledTimes(1)
    vae.enableTiling({ tileSampleMinSize: 128 })
    expect(await momentsOf()).toEqual(tiled)
    x.dispose()
  })
})

describe('decodeBytes()', () => {
  test('counts the pixels of a whole image', () => {
    expect(vae.decodeBytes([1, 16, 16, 4])).toBe(64 * 64 * 8 * 17 * 4)
    expect(vae.decodeBytes([2, 16, 16, 4])).toBe(2 * vae.decodeBytes([1, 16, 16, 4]))
  })

  test('counts one tile and twice the result with tiles', () => {
    vae.enableTiling({ tileSampleMinSize: 64 }).enableSlicing()
    expect(vae.decodeBytes([2, 512, 512, 4])).toBe(64 * 64 * 8 * 17 * 4 + 2 * (2 * 2048 * 2048 * 3 * 4))
  })

  test('counts tiles of every shape where each has a graph with its weights', () => {
    vae.useExecutor({ ...vae.executor, name: 'graph', weightBytes: () => 1000 })
    vae.enableTiling({ tileSampleMinSize: 64 })
    const perPixel = 8 * 17 * 4
    const result = 2 * (28 * 16 * 16 * 3 * 4)
    // 28 rows in tiles of 16, 16 and 4; 16 columns in tiles of 16 and 4.
    const pixels = 16 * (16 * 16 + 4 * 16 + 16 * 4 + 4 * 4)
    expect(vae.decodeBytes([1, 28, 16, 4])).toBe(pixels * perPixel + 3 * 1000 + result)
  })

  test('asks for no more than the smallest tiles need, if there is not enough for more', () => {
    allow(vae, 1)
    const smallest = 128 * 128 * 8 * 17 * 4
    expect(vae.decodeBytes([1, 128, 128, 4])).toBe(smallest + 2 * (512 * 512 * 3 * 4))
    expect(vae.encodeBytes([1, 512, 512, 3])).toBe(smallest + 2 * (128 * 128 * 8 * 4))
  })
})

test('what is prepared is a tile', () => {
  const prepare = jest.spyOn(vae.executor, 'prepare')
  vae.enableTiling({ tileSampleMinSize: 32 }).enableSlicing()
  vae.prepareDecode([2, 40, 6, 4])
  expect(prepare.mock.calls[0]?.[0].inputs).toMatchObject({ shape: [1, 8, 6, 4] })
  prepare.mockRestore()
})

test('a call that is cancelled between tiles leaves no tensor', async () => {
  const cancel = new AbortController()
  const { executor } = vae
  const run = jest.spyOn(executor, 'run')
  run.mockImplementation(async call => {
    if (run.mock.calls.length === 3) cancel.abort(new Error('enough'))
    cancel.signal.throwIfAborted()
    return call.forward(call.inputs)
  })
  const z = tf.zeros<tf.Rank.R4>([1, 9, 9, 4])
  await expect(vae.enableTiling().decode(z, { signal: cancel.signal })).rejects.toThrow('enough')
  run.mockRestore()
  z.dispose()
})

test.each([
  [{ tileSampleMinSize: 30 }, 'tileSampleMinSize must be a multiple of 4 pixels, but is 30.'],
  [{ tileSampleMinSize: 0 }, 'tileSampleMinSize must be a multiple of 4 pixels, but is 0.'],
  [{ tileOverlapFactor: 1 }, 'tileOverlapFactor must be at least 0 and less than 1, but is 1.'],
  [{ tileOverlapFactor: Number.NaN }, 'tileOverlapFactor must be at least 0 and less than 1, but is NaN.'],
  [{ tileSampleMinSize: 4, tileOverlapFactor: 0.5 }, 'tileOverlapFactor of 0.5 leaves nothing of tiles of 4 pixels.'],
])('refuses the tiles %j', (options, problem) => {
  expect(() => vae.enableTiling(options)).toThrow(TilingError)
  expect(() => vae.enableTiling(options)).toThrow(`AutoencoderKL: ${problem}`)
  expect(vae.useTiling).toBe('auto')
})

describe('tiles that overlap by one latent or not at all', () => {
  test.each([0, 0.125])('give finite pictures with the overlap %d', async tileOverlapFactor => {
    const tiny = await AutoencoderTiny.fromPretrained(goldenFolder('vae_tiny_tiling'))
    for (const model of [tiny, vae]) {
      model.enableTiling({ tileSampleMinSize: 8 * model.spatialFactor, tileOverlapFactor })
      const tiled = await decode(model, 1, 17, 10)
      expect(tiled).toHaveLength(170 * model.spatialFactor ** 2 * 3)
      expect(tiled.every(Number.isFinite)).toBe(true)
      expect(tiled).not.toEqual(await decode(model.disableTiling(), 1, 17, 10))
    }
    tiny.dispose()
  })
})
