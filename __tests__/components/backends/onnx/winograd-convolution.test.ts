/** Convolutions in tiles compute what direct ones compute, for maps of any size and however they are divided. */
import { create } from '@bufbuild/protobuf'
import * as tf from '@tensorflow/tfjs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { ModelProtoSchema } from '../../../../components/backends/onnx/generated/onnx_pb'
import { OnnxBuilder } from '../../../../components/backends/onnx/onnx-builder'
import { convolveInTiles, type PointLimits } from '../../../../components/backends/onnx/operators/winograd-convolution'
import { type MapSizes, paysInTiles } from '../../../../components/backends/onnx/operators/winograd-that-pays'
import { onnxTypes, typedValue } from '../../../../components/backends/onnx/tensor-proto'
import { encodeOnnx, OPSETS, writeOnnx } from '../../../../components/backends/onnx/write-onnx'
import { capture } from '../../../../components/backends/recorder/capture'
import { Conv2d } from '../../../../components/nn/conv2d'
import { FunctionModel } from '../../executors/function-model'
import { useGraphExecutor } from '../../executors/use-graph-executor'

/** Numbers that are all different. */
const some = (length: number, step: number) => Float32Array.from({ length }, (_, i) => Math.sin(step * i + 1))

interface Convolution extends Record<'x' | 'weight', Float32Array> {
  readonly sizes: MapSizes
  readonly bias: Float32Array | undefined
}

function makeConvolution(sizes: MapSizes, hasBias: boolean): Convolution {
  const { batch, height, width, inChannels, outChannels } = sizes
  const x = some(batch * inChannels * height * width, 3)
  return { sizes, x, weight: some(outChannels * inChannels * 9, 5), bias: hasBias ? some(outChannels, 7) : undefined }
}

/** The sum of each result, one by one. */
function convolveDirectly({ sizes, x, weight, bias }: Convolution): number[] {
  const { batch, height, width, inChannels, outChannels } = sizes
  const results: number[] = []
  for (let image = 0; image < batch; image++)
    for (let out = 0; out < outChannels; out++)
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          let sum = bias?.[out] ?? 0
          for (let into = 0; into < inChannels; into++)
            for (let tap = 0; tap < 9; tap++) {
              const [top, left] = [row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1]
              if (top < 0 || left < 0 || top >= height || left >= width) continue
              const factor = weight[(out * inChannels + into) * 9 + tap] as number
              sum += factor * (x[((image * inChannels + into) * height + top) * width + left] as number)
            }
          results.push(sum)
        }
  return results
}

async function convolve({ sizes, x, weight, bias }: Convolution, limits?: PointLimits): Promise<Float32Array> {
  const { batch, height, width, inChannels, outChannels } = sizes
  const noWeights = () => {
    throw new Error('This graph has no weights.')
  }
  const builder = new OnnxBuilder(noWeights, noWeights)
  const weightRows = (begin: number, end: number) =>
    builder.add('Slice', ['weight', ...[begin, end, 0].map(value => builder.ints([value]))])
  const names = { map: 'x', weight: weightRows, bias: bias && 'bias' }
  const result = convolveInTiles(builder, names, sizes, limits)
  const feeds = {
    x: new Tensor(x, [batch, inChannels, height, width]),
    weight: new Tensor(weight, [outChannels, inChannels, 3, 3]),
    ...(bias && { bias: new Tensor(bias, [outChannels]) }),
  }
  const float = (name: string, shape: readonly number[]) => typedValue(name, onnxTypes.float32, shape.map(BigInt))
  const model = create(ModelProtoSchema, {
    ...OPSETS,
    graph: {
      name: 'convolution',
      node: builder.nodes,
      initializer: builder.initializers,
      input: Object.entries(feeds).map(([name, { dims }]) => float(name, dims)),
      output: [float(result, [batch, outChannels, height, width])],
    },
  })
  const session = await InferenceSession.create(encodeOnnx(model), { executionProviders: ['cpu'] })
  try {
    return (await session.run(feeds))[result]?.data as Float32Array
  } finally {
    await session.release()
  }
}

const sizes: MapSizes[] = [
  { batch: 1, height: 1, width: 1, inChannels: 1, outChannels: 1 },
  { batch: 1, height: 4, width: 4, inChannels: 1, outChannels: 2 },
  { batch: 2, height: 8, width: 12, inChannels: 3, outChannels: 5 },
  { batch: 2, height: 7, width: 9, inChannels: 3, outChannels: 5 },
  { batch: 3, height: 13, width: 6, inChannels: 16, outChannels: 80 },
  { batch: 1, height: 2, width: 17, inChannels: 2, outChannels: 3 },
]

describe.each(sizes)('a convolution of $batch × $height × $width, $inChannels to $outChannels channels', size => {
  test.each([
    ['at once', undefined],
    ['one row of tiles of one image at a time', { inputs: 1, kernels: 1 }],
    ['in some pieces', { inputs: 12_000, kernels: 8000 }],
  ])('is exact %s', async (_, limits) => {
    for (const hasBias of [true, false]) {
      const convolution = makeConvolution(size, hasBias)
      const computed = await convolve(convolution, limits)
      const expected = convolveDirectly(convolution)
      expect(computed).toHaveLength(expected.length)
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (computed[i] as number))), 0)
      expect(worst).toBeLessThan(1e-5)
    }
  })
})

describe('tiles pay', () => {
  test.each([
    [320, 320, 64, true],
    [960, 320, 64, true],
    [640, 640, 32, true],
    [1280, 1280, 16, true],
    [1280, 1280, 8, false], // The transform of the kernels takes longer than to convolve so few positions.
    [4, 320, 64, false],
    [320, 4, 64, false],
    [64, 64, 64, false],
  ])('for %i to %i channels at %i²: %s', (inChannels, outChannels, side, pays) => {
    expect(paysInTiles({ batch: 2, height: side, width: side, inChannels, outChannels })).toBe(pays)
  })
})

describe('in a model', () => {
  const executor = useGraphExecutor()
  const channels = 320
  /** Numbers whose products do not cancel out: otherwise the sums would be mostly rounding. */
  const scattered = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(0.21 * i * i + 1))
  /** Half of the input channels are too few for tiles. */
  const halfOf = ({ weight, bias }: Conv2d, i: 0 | 1) => {
    const half = new Conv2d(channels / 2, channels, { padding: 1, bias: i === 0 })
    const [values, length] = [weight.read(), (9 * channels) / 2]
    const rows = Array.from({ length: channels }, (_, out) =>
      values.subarray((2 * out + i) * length, (2 * out + i + 1) * length),
    )
    half.weight.load(Float32Array.from(rows.flatMap(row => [...row])))
    if (bias && half.bias) half.bias.load(bias.read())
    return half
  }
  const makeModel = () => {
    const whole = new Conv2d(channels, channels, { padding: 1 })
    whole.weight.load(scattered(9 * channels ** 2))
    whole.bias?.load(scattered(channels))
    const halves = [halfOf(whole, 0), halfOf(whole, 1)]
    const compute = (x: tf.Tensor4D) =>
      tf.tidy(() => {
        const [left, right] = tf.split(x, 2, -1).map((part, i) => (halves[i] as Conv2d).forward(part as tf.Tensor4D))
        return { tiled: whole.forward(x), direct: tf.add(left as tf.Tensor, right as tf.Tensor) }
      })
    return new FunctionModel(compute, [whole, ...halves])
  }
  const map = () => tf.tensor4d(scattered(32 * 32 * channels), [1, 32, 32, channels])

  test('the numbers are those of direct convolutions', async () => {
    const model = makeModel().useExecutor(executor())
    const x = map()
    const results = await model.call(x)
    const [worst, size] = tf.tidy(() => [
      tf.sub(results.tiled, results.direct).abs().max().dataSync()[0] as number,
      results.direct.abs().max().dataSync()[0] as number,
    ])
    tf.dispose([x, results.tiled, results.direct])
    model.dispose()
    expect(size).toBeGreaterThan(1)
    expect((worst as number) / (size as number)).toBeLessThan(1e-5)
  })

  test('weights of 8 bits are decoded for them', async () => {
    const model = makeModel().useExecutor(executor())
    const x = map()
    const exact = await model.call(x)
    const rounded = await model.quantize('int8wo').call(x)
    const [worst, size] = tf.tidy(() => [
      tf.sub(rounded.tiled, exact.tiled).abs().max().dataSync()[0] as number,
      exact.tiled.abs().max().dataSync()[0] as number,
    ])
    tf.dispose([x, ...Object.values(exact), ...Object.values(rounded)])
    model.dispose()
    expect(worst).toBeGreaterThan(0)
    expect((worst as number) / (size as number)).toBeLessThan(1e-2)
  })

  test('the kernels are transformed in each run, so that the session does not keep their points', () => {
    const model = makeModel()
    const x = map()
    const { graph } = capture(model, x, model.compute)
    const convolutions = (tileConvolutions: boolean) =>
      writeOnnx(graph, { tileConvolutions }).graph?.node.filter(({ opType }) => opType === 'Conv').length
    expect([convolutions(true), convolutions(false)]).toEqual([2, 3])
    const written = writeOnnx(graph, { tileConvolutions: true }).graph
    // The runtime does not compute in advance with what is declared as an input.
    const declared = written?.input.map(({ name }) => name) ?? []
    const constants = written?.initializer.filter(({ name }) => declared.includes(name)) ?? []
    const sizes = constants.map(({ dims }) => dims.map(Number))
    expect(sizes).toEqual(
      expect.arrayContaining([
        [36, 9],
        [channels, channels, 3, 3],
      ]),
    )
    expect(sizes).toHaveLength(2)
    x.dispose()
    model.dispose()
  })
})
