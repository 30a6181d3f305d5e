/**
 * Which weights are quantized where layers do not compute in 8 bits themselves (`int8wo`, `int4`): those that products and convolutions alone read, with 32 channels or
 * more on both sides. The first and the last layer of a network are narrower, and stay floats; so do weights of hooks.
 *
 * `int4` keeps 8 bits for sensitive layers. Those of one vector for each sample, such as time embeddings, shift whole maps and are 3 % of a UNet. Convolutions of one position
 * carry maps around blocks, and into and out of transformers. They are 6 % of a UNet. Rows that are not of whole blocks have 8 bits as well.
 */
import type { Graph, GraphNode } from '../backends/recorder/graph'
import type { RowDType } from '../checkpoints/checkpoint'
import { INT4_BLOCK } from '../checkpoints/row-scales'
import type { Parameter } from '../nn/parameter'
import type { Quantization, WeightForms } from './quantization-names'
import { isQuantizableWeight, type WeightLayer, weightLayers } from './quantization-rules'

/** Bytes of float32 that the windows of a convolution's input may take. Beyond, its weight is decoded in each call, which is smaller then. */
const MOST_WINDOW_BYTES = 2 ** 27

/** The weights of a graph that are quantized, and the layers that compute with 4 bits as they are. */
export interface WeightOnlyLayers {
  readonly forms: WeightForms
  readonly layers: ReadonlyMap<GraphNode, WeightLayer>
}

/** Finds them. @param own the weights of the model itself */
export function weightOnlyLayers(
  graph: Graph,
  own: ReadonlySet<Parameter>,
  quantization: 'int8wo' | 'int4',
): WeightOnlyLayers {
  const all = [...weightLayers(graph, own, () => true)]
  const forms = new Map<Parameter, RowDType>()
  for (const [, { parameter, isOfVectors }] of all) {
    const is4 = quantization === 'int4' && !isOfVectors && mayHave4Bits(parameter)
    forms.set(parameter, is4 && forms.get(parameter) !== 'I8_ROWS' ? 'I4_ROWS' : 'I8_ROWS')
  }
  const computes4 = ({ parameter, isPlain, windowSize }: WeightLayer) =>
    isPlain && forms.get(parameter) === 'I4_ROWS' && 4 * windowSize <= MOST_WINDOW_BYTES
  return { forms, layers: new Map(all.filter(([, layer]) => computes4(layer))) }
}

/** The form that a weight will have as far as its shape tells, before its model has been recorded. */
export function likelyForm(weight: Parameter, quantization: Quantization): RowDType | undefined {
  if (!isQuantizableWeight(weight)) return undefined
  return quantization === 'int4' && mayHave4Bits(weight) ? 'I4_ROWS' : 'I8_ROWS'
}

/** Whether the shape of a weight allows 4 bits: it is not of a convolution of one position, its rows are of whole blocks, and its bytes of two channels. */
function mayHave4Bits({ shape: [, into = 1, ...window] }: Parameter): boolean {
  const positions = window.reduce((size, length) => size * length, 1)
  const isPointwise = window.length > 0 && positions === 1
  return !isPointwise && into % 2 === 0 && (into * positions) % INT4_BLOCK === 0
}
