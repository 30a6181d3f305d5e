/** Which weights are widened once, for the sizes of real models. Only counted: none of the weights is there. */

import { tiledWeights } from '../../../../components/backends/onnx/operators/tiled-convolutions'
import { capture } from '../../../../components/backends/recorder/capture'
import { type Graph, parametersOf } from '../../../../components/backends/recorder/graph'
import { TensorPlaceholder } from '../../../../components/backends/recorder/tensor-tree'
import { weightUses } from '../../../../components/backends/recorder/weight-uses'
import { sessionLayout } from '../../../../components/executors/graph/weight-layout'
import { mayStayHalf, widenedWeights } from '../../../../components/executors/graph/widened-weights'
import type { UNet2DConditionInputs } from '../../../../components/models/unet-2d-condition/inputs'
import { UNet2DConditionModel } from '../../../../components/models/unet-2d-condition/unet-2d-condition-model'
import type { Parameter } from '../../../../components/nn/parameter'

const SDXL = {
  in_channels: 4,
  out_channels: 4,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  cross_attention_dim: 2048,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  projection_class_embeddings_input_dim: 2816,
  transformer_layers_per_block: [1, 2, 10],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  use_linear_projection: true,
}

/** Names weights as if they were in a file of float16. */
function bindAsHalf(model: UNet2DConditionModel): void {
  for (const weight of model.parameters()) {
    const shape = [...weight.shape]
    weight.bind({ dtype: 'F16', shape, file: 'model.safetensors', begin: 0, end: 2 * weight.size })
  }
}

/** A step with guidance of a model of SDXL's size. */
function recordStep(pixels: number): Graph {
  const model = UNet2DConditionModel.fromConfig(SDXL)
  bindAsHalf(model)
  const latent = pixels / 8
  const inputs = {
    sample: new TensorPlaceholder([2, latent, latent, 4]),
    timestep: new TensorPlaceholder([1]),
    encoderHiddenStates: new TensorPlaceholder([2, 77, 2048]),
    addedCondKwargs: { textEmbeds: new TensorPlaceholder([2, 1280]), timeIds: new TensorPlaceholder([2, 6]) },
  } as unknown as UNet2DConditionInputs
  return capture(model, inputs, given => model.forward(given)).graph
}

const isConvolution = ({ shape }: Parameter) => shape.length === 4
const bytesOf = (weights: Iterable<Parameter>) => [...weights].reduce((sum, { bytes }) => sum + bytes, 0)

describe('of a model of the size of Stable Diffusion XL', () => {
  test('those of convolutions and of large maps are widened at 1024 px, and no others: they are not worth their memory', () => {
    const graph = recordStep(1024)
    const uses = weightUses(graph)
    const isOfLargeMap = (weight: Parameter) => (uses.get(weight)?.vectors ?? 0) >= 2 * 64 * 64
    const widened = widenedWeights(graph, Number.POSITIVE_INFINITY, mayStayHalf)
    const meant = parametersOf(graph).filter(weight => {
      return mayStayHalf(weight) && (isConvolution(weight) || isOfLargeMap(weight))
    })
    expect(meant.length).toBeGreaterThan(100)
    expect(widened).toEqual(new Set(meant))
    expect(bytesOf(widened)).toBeLessThan(bytesOf(parametersOf(graph)) / 6)
  })

  test('as many as there is room for are widened at 256 px, those that are used most first', () => {
    const graph = recordStep(256)
    const limit = bytesOf(parametersOf(graph)) / 3
    const widened = widenedWeights(graph, limit, mayStayHalf)
    expect(bytesOf(widened)).toBeGreaterThan(0.99 * limit)
    expect(bytesOf(widened)).toBeLessThanOrEqual(limit)
    expect(
      parametersOf(graph)
        .filter(isConvolution)
        .filter(mayStayHalf)
        .every(weight => widened.has(weight)),
    ).toBe(true)
    const linear = [...weightUses(graph)].filter(([weight]) => mayStayHalf(weight) && !isConvolution(weight))
    const most = linear.filter(([, { vectors }]) => vectors >= 2 * 16 * 16)
    expect(most.length).toBeGreaterThan(50)
    expect(most.every(([weight]) => widened.has(weight))).toBe(true)
  })

  test('the largest maps come first if room is scarce', () => {
    const graph = recordStep(1024)
    const [few, more] = [2e7, 1e8].map(limit => widenedWeights(graph, limit, mayStayHalf))
    expect(few?.size).toBeGreaterThan(1)
    const uses = weightUses(graph)
    expect([...(few ?? [])].every(weight => uses.get(weight)?.convolved === 2 * 128 * 128)).toBe(true)
    expect([...(more ?? [])]).toEqual(expect.arrayContaining([...(few ?? [])]))
  })

  test('a session holds the others as they are in the file', () => {
    const graph = recordStep(1024)
    const weights = parametersOf(graph)
    const stored = bytesOf(weights) / 2
    const { bytes, halfWeights, isLarge } = sessionLayout(graph, 2 ** 32, new Map())
    expect(isLarge).toBe(true)
    const kept = [...halfWeights]
    expect(kept.filter(isConvolution)).toHaveLength(0)
    expect(bytesOf(kept)).toBeGreaterThan(0.8 * 2 * stored)
    expect(bytes).toBeGreaterThan(stored)
    expect(bytes).toBeLessThan(1.2 * stored)
    expect(sessionLayout(graph, 0, new Map()).bytes).toBe(stored)
    expect(sessionLayout(graph, undefined, new Map())).toMatchObject({ bytes: 2 * stored, halfWeights: new Set() })
  })

  test('those of convolutions in tiles stay as they are, for these are transformed in each run', () => {
    const graph = recordStep(1024)
    const tiled = tiledWeights(graph, { tileConvolutions: true })
    expect(tiled.size).toBeGreaterThan(10)
    const [without, withTiles] = [new Set<Parameter>(), tiled].map(each =>
      sessionLayout(graph, 2 ** 32, new Map(), each),
    )
    const newlyHalf = [...(withTiles?.halfWeights ?? [])].filter(weight => !without?.halfWeights.has(weight))
    expect(new Set(newlyHalf)).toEqual(tiled)
    expect(without?.bytes).toBe((withTiles?.bytes ?? 0) + bytesOf(tiled) / 2)
  })

  test('those that are stored in integers are not widened', () => {
    const graph = recordStep(256)
    const forms = new Map(parametersOf(graph).map(weight => [weight, 'I8_ROWS'] as const))
    expect(sessionLayout(graph, 2 ** 32, forms).halfWeights.size).toBe(0)
  })
})
