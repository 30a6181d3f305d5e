/** The `quantised` area: GGUF files, and 8-bit floats in safetensors files. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { TensorInfo } from '../../../components/checkpoints/checkpoint'
import type { GGUFValue } from '../../../components/checkpoints/gguf-values'
import { readGGUFHeaderSync, readHeaderSync } from '../../../components/checkpoints/read-header-sync'
import { readBytes, readFloat32 } from '../../../components/checkpoints/read-tensor'
import { expectEqual, GoldenMismatch } from '../compare'
import { type GoldenCase, type Json, UnsupportedGoldenError } from '../golden-case'

/** The parts with the numbers of a file, with what a model computes of them, and with the writing of such numbers. */
const [NUMBERS, CALLS, ENCODE] = ['numbers', 'calls', 'encode'] as const

interface RecordedTensor {
  readonly name: string
  readonly type?: string
  readonly safetensors_type?: string
  readonly shape?: readonly number[]
  readonly data_offset?: number
  readonly raw?: { readonly tensor: string }
  readonly values?: { readonly tensor: string }
  readonly sha256_of_float32?: string
}

/** What is counted on its own: what a file holds, what a model computes of it, and the writing of such numbers. */
export function quantisedParts(json: Json): readonly string[] {
  const hasNumbers = json.gguf_tensors !== undefined || json.fp8_tensors !== undefined
  return [
    ...(hasNumbers ? [NUMBERS] : []),
    ...(json.calls === undefined ? [] : [CALLS]),
    ...(json.encode === undefined ? [] : [ENCODE]),
  ]
}

/** Checks a part of a case. */
export async function checkQuantised(golden: GoldenCase, part: string): Promise<void> {
  if (part === CALLS) throw new UnsupportedGoldenError('the transformer of Flux')
  if (part === ENCODE) throw new UnsupportedGoldenError('writing floats of 8 bits')
  const { json, folder } = golden
  const file = join(folder, String(json.file))
  const recorded = (json.gguf_tensors ?? json.fp8_tensors) as readonly RecordedTensor[]
  if (json.gguf_tensors !== undefined) checkMetadata(file, json.metadata as Readonly<Record<string, Json>>)
  const { tensors } = readHeaderSync(file)
  expectEqual('names of the tensors', [...tensors.keys()].sort(), recorded.map(({ name }) => name).sort())
  for (const tensor of recorded) await checkTensor(golden, tensor, tensors.get(tensor.name) as TensorInfo)
}

function checkMetadata(file: string, expected: Readonly<Record<string, Json>>): void {
  const { metadata } = readGGUFHeaderSync(file)
  expectEqual('keys of the metadata', [...metadata.keys()].sort(), Object.keys(expected).sort())
  for (const [key, { value }] of Object.entries(expected)) expectEqual(key, metadata.get(key), value as GGUFValue)
}

async function checkTensor(golden: GoldenCase, recorded: RecordedTensor, info: TensorInfo): Promise<void> {
  const {
    name,
    type,
    safetensors_type: safetensorsType,
    shape,
    data_offset: begin,
    raw,
    values,
    sha256_of_float32: hash,
  } = recorded
  expectEqual(`type of ${name}`, info.dtype, type ?? safetensorsType)
  if (shape !== undefined) expectEqual(`shape of ${name}`, info.shape, shape)
  if (begin !== undefined) expectEqual(`place of ${name}`, info.begin, begin)
  const decoded = await readFloat32(info)
  if (raw) {
    const expected = Uint8Array.from((await golden.tensor(raw.tensor)).values)
    if (!Buffer.from(await readBytes(info)).equals(expected)) throw new GoldenMismatch(name, 'its bytes', 'others')
  }
  if (values) requireSame(name, decoded, (await golden.tensor(values.tensor)).values)
  if (hash) expectEqual(`sha256 of ${name}`, createHash('sha256').update(decoded).digest('hex'), hash)
}

/** Makes sure that numbers are the same to the bit, but for the bits of NaN. */
function requireSame(where: string, got: Float32Array, expected: ArrayLike<number>): void {
  if (got.length !== expected.length) throw new GoldenMismatch(where, `${expected.length} values`, `${got.length}`)
  for (const [i, value] of got.entries()) {
    if (!Object.is(value, expected[i])) throw new GoldenMismatch(`${where}[${i}]`, `${expected[i]}`, `${value}`)
  }
}
