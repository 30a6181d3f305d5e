/** Files of weights that fit a model, or differ from those that do. */
import fc from 'fast-check'
import { anyValue, damaged, mostly, pointerFile, safetensors } from './inputs'

/** Names and shapes of the tensors of a file that is right. */
export type Shapes = readonly (readonly [name: string, shape: readonly number[]])[]

/** What the header of a file of weights says of one tensor. */
interface Entry {
  dtype: unknown
  shape: unknown
  data_offsets: unknown
}
type Header = Record<string, unknown>

/** One change of a header: of the tensor with that number. */
type Change = readonly [at: number, key: keyof Entry | 'name' | 'size', value: unknown]

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(
    fc.nat(),
    fc.constant('dtype' as const),
    fc.oneof(fc.constantFrom('F64', 'F16', 'BF16', 'I64', 'BOOL', 'f32'), anyValue),
  ),
  fc.tuple(fc.nat(), fc.constant('shape' as const), fc.oneof(fc.array(fc.nat(40), { maxLength: 5 }), anyValue)),
  fc.tuple(
    fc.nat(),
    fc.constant('data_offsets' as const),
    fc.oneof(fc.array(fc.nat(20_000), { maxLength: 3 }), anyValue),
  ),
  // Another name, or none: the tensor is missing. Another size changes the places of all that follow: the file stays consistent.
  fc.tuple(
    fc.nat(),
    fc.constant('name' as const),
    fc.oneof(fc.constantFrom(undefined, '__metadata__', '__proto__'), fc.string()),
  ),
  fc.tuple(fc.nat(), fc.constant('size' as const), fc.array(fc.nat(20), { maxLength: 4 })),
)

/** How the weights differ from those of the right config. */
const spoiledWeights = fc.oneof(
  { weight: 5, arbitrary: fc.constant([] as Change[]) },
  { weight: 5, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
)
const otherFile = mostly(
  null,
  fc.oneof(
    pointerFile,
    fc.tuple(fc.nat(), fc.nat()),
    damaged(safetensors('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}')),
  ),
)

/** How a file differs from the right one. */
export interface WeightsInput {
  readonly changes: readonly Change[]
  /** What replaces it, or where it is cut off or has another byte; `null` for neither. */
  readonly other: Uint8Array | readonly [number, number] | null
}

/** Files of weights, by how they differ from the right one. */
export const weightsInput: fc.Arbitrary<WeightsInput> = fc.record({ changes: spoiledWeights, other: otherFile })

/** Makes the file that an input describes; all its values are 0. */
export function makeWeights(
  shapes: Shapes,
  { changes, other }: WeightsInput,
  metadata: Readonly<Record<string, unknown>> = {},
): Uint8Array {
  if (other instanceof Uint8Array) return other
  const whole = weightsFile(shapes, changes, metadata)
  return other === null ? whole : cut(whole, other)
}

/** A file cut off, or with a byte changed, in its header mostly. */
function cut(file: Buffer, [at, byte]: readonly [number, number]): Buffer {
  if (byte % 3 === 0) return file.subarray(0, at % file.length)
  const copy = Buffer.from(file)
  copy[at % Math.min(file.length, 2000)] = byte
  return copy
}

function weightsFile(shapes: Shapes, changes: readonly Change[], metadata: Readonly<Record<string, unknown>>): Buffer {
  const sizes = shapes.map(([name, shape]) => ({ name, shape }))
  const entryAt = (at: number) => sizes[at % sizes.length] as (typeof sizes)[number]
  for (const [at, key, value] of changes) if (key === 'size') entryAt(at).shape = value as number[]
  let position = 0
  const header: Header = { ...(Object.keys(metadata).length > 0 && { __metadata__: metadata }) }
  for (const { name, shape } of sizes) {
    const end = position + 4 * shape.reduce((product, size) => product * size, 1)
    header[name] = { dtype: 'F32', shape, data_offsets: [position, end] } satisfies Entry
    position = end
  }
  for (const [at, key, value] of changes) {
    const { name } = entryAt(at)
    const entry = header[name] as Entry | undefined
    if (key === 'size' || entry === undefined) continue
    if (key !== 'name') entry[key] = value
    else {
      delete header[name]
      if (typeof value === 'string')
        Object.defineProperty(header, value, { value: entry, enumerable: true, configurable: true })
    }
  }
  return safetensors(JSON.stringify(header), new Uint8Array(position))
}
