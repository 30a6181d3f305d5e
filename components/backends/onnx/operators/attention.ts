/** Attention, as one operator of Microsoft's or as the products that it consists of. */
import type { GraphValue } from '../../recorder/graph'
import { MICROSOFT, type OnnxBuilder } from '../onnx-builder'
import { inputOf, type OperatorWriter, outputOf } from './operator-writer'

/** `softmax(query · keyᵀ / √width + bias) · value` for each head. */
export const attention: OperatorWriter = (node, builder) => {
  const [query, key, value] = ['query', 'key', 'value'].map(name => inputOf(node, name)) as [
    GraphValue,
    GraphValue,
    GraphValue,
  ]
  const heads = node.attrs.heads as number
  const { bias } = node.inputs
  const write = builder.options.composeAttention ? writeProducts : writeOperator
  builder.bind(outputOf(node), write(builder, { query, key, value, bias }, heads))
}

interface AttentionValues {
  query: GraphValue
  key: GraphValue
  value: GraphValue
  bias: GraphValue | undefined
}

function writeOperator(builder: OnnxBuilder, { query, key, value, bias }: AttentionValues, heads: number): string {
  const names = [query, key, value].map(tensor => builder.plain(tensor))
  if (bias) {
    // The operator lets batch and heads broadcast, but no tokens.
    const shape = biasShape(bias)
    const full = [...shape.slice(0, 2), query.shape[1] as number, key.shape[1] as number]
    const name = builder.reshape(builder.plain(bias), shape)
    names.push('', '', full.join() === shape.join() ? name : builder.add('Expand', [name, builder.ints(full)]))
  }
  return builder.add('MultiHeadAttention', names, { num_heads: heads }, { domain: MICROSOFT })
}

function writeProducts(builder: OnnxBuilder, { query, key, value, bias }: AttentionValues, heads: number): string {
  const [batch = 1, tokens = 1, channels = 1] = query.shape
  const width = channels / heads
  const split = (name: string, length: number, perm: readonly number[]) =>
    builder.add('Transpose', [builder.reshape(name, [batch, length, heads, width])], { perm })
  const keys = key.shape[1] as number
  const scaled = builder.add('Mul', [builder.plain(query), builder.scalar(1 / Math.sqrt(width))])
  const q = split(scaled, tokens, [0, 2, 1, 3])
  const k = split(builder.plain(key), keys, [0, 2, 3, 1])
  const v = split(builder.plain(value), keys, [0, 2, 1, 3])
  const scores = builder.add('MatMul', [q, k])
  const biased = bias ? builder.add('Add', [scores, builder.reshape(builder.plain(bias), biasShape(bias))]) : scores
  const attended = builder.add('MatMul', [builder.add('Softmax', [biased], { axis: -1 }), v])
  return builder.reshape(builder.add('Transpose', [attended], { perm: [0, 2, 1, 3] }), [batch, tokens, channels])
}

/** The shape of a bias with all four dimensions: batch, heads, tokens, key tokens. */
function biasShape({ shape }: GraphValue): number[] {
  return [...new Array<number>(4 - shape.length).fill(1), ...shape]
}
