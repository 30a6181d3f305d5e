/** Headers of GGUF files that are damaged, or made to harm. */
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { GGUFError } from '../../../components/checkpoints/gguf-error'
import { readGGUFHeaderSync, readHeaderSync } from '../../../components/checkpoints/read-header-sync'
import { readFloat32 } from '../../../components/checkpoints/read-tensor'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import type { WeightFileProblem } from '../../../components/checkpoints/weight-file-error'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { type GGUFParts, ggufBytes, plain, q8_0, text, uint32, uint64 } from './gguf-bytes'
import { useTemporaryFolder } from './temporary-folder'

const folder = useTemporaryFolder()
const values = Float32Array.from({ length: 64 }, (_, i) => i - 32)

async function fileOf(bytes: Uint8Array, name = 'model.gguf'): Promise<string> {
  const path = join(folder(), name)
  await writeFile(path, bytes)
  return path
}

async function errorOf(bytes: Uint8Array): Promise<GGUFError> {
  const path = await fileOf(bytes)
  try {
    readHeaderSync(path)
  } catch (error) {
    expect(error).toBeInstanceOf(GGUFError)
    return error as GGUFError
  }
  throw new Error('The header was read.')
}

/** A list of lists, that many deep. */
function nested(depth: number): Buffer {
  const list = Buffer.concat([uint32(9), uint64(1n)])
  return Buffer.concat([uint32(9), ...new Array(depth).fill(list), uint32(4), uint64(0n)])
}

const tensor = plain([4, 16], values)
const wrong: [string, GGUFParts, WeightFileProblem, string][] = [
  ['another beginning', { magic: 'GGML' }, 'invalid-header', 'does not begin with "GGUF"'],
  ['the first version', { version: 1 }, 'invalid-header', 'has version 1 of the format'],
  ['the other byte order', { version: 3 * 2 ** 24 }, 'invalid-header', 'the other byte order'],
  ['countless tensors', { counts: [2n ** 63n, 0n] }, 'invalid-header', 'at most 70000'],
  ['countless metadata', { counts: [0n, 100_000n] }, 'invalid-header', 'states 100000 entries'],
  ['more tensors than it has', { counts: [9n, 0n] }, 'truncated', 'continues past the end'],
  ['an unknown type of metadata', { metadata: { a: ['raw', uint32(99)] } }, 'invalid-header', 'unknown type 99'],
  ['deep lists', { metadata: { a: ['raw', nested(5000)] } }, 'invalid-header', 'lists are nested'],
  [
    'a text without an end',
    { metadata: { a: ['raw', Buffer.concat([uint32(8), uint64(2n ** 62n)])] } },
    'truncated',
    'continues',
  ],
  [
    'a list without an end',
    { metadata: { a: ['raw', Buffer.concat([uint32(9), uint32(0), uint64(2n ** 63n)])] } },
    'truncated',
    'continues',
  ],
  [
    'an odd alignment',
    { metadata: { 'general.alignment': ['uint32', 24] } },
    'invalid-header',
    'is 24, expected a power of two',
  ],
  ['an unknown type of tensor', { tensors: { a: { ...tensor, type: 77 } } }, 'unknown-dtype', 'has the type 77'],
  [
    'a type that is not read',
    { metadata: { 'general.architecture': ['string', 'llama'] }, tensors: { a: { ...tensor, type: 16 } } },
    'unknown-dtype',
    'IQ2_XXS, number 16, expected one of F32, F16, Q4_0',
  ],
  [
    'rows of broken blocks',
    { tensors: { a: { ...tensor, type: 8 } } },
    'invalid-shape',
    'not a whole number of Q8_0 blocks',
  ],
  ['many dimensions', { tensors: { a: { ...tensor, shape: [1, 1, 1, 1, 64] } } }, 'invalid-shape', 'has 5 dimensions'],
  ['countless elements', { tensors: { a: { ...tensor, shape: [2 ** 40, 2 ** 40] } } }, 'invalid-shape', 'too large'],
  [
    'another number of elements',
    { metadata: { 'comfy.gguf.orig_shape.a': ['ints', [3, 3]] }, tensors: { a: tensor } },
    'invalid-shape',
    'the shape [3, 3]',
  ],
  [
    'negative sizes',
    { metadata: { 'comfy.gguf.orig_shape.a': ['ints', [-4, -16]] }, tensors: { a: tensor } },
    'invalid-shape',
    'the shape [-4, -16]',
  ],
  ['a place between', { tensors: { a: { ...tensor, offset: 8 } } }, 'invalid-offsets', 'expected a multiple of 32'],
  ['the same bytes twice', { tensors: { a: tensor, b: { ...tensor, offset: 32 } } }, 'overlap', 'inside tensor "a"'],
  ['a place behind the end', { tensors: { a: { ...tensor, offset: 2 ** 40 } } }, 'truncated', 'but the file has only'],
]

test.each(wrong)('%s is a typed error', async (_, parts, problem, message) => {
  const error = await errorOf(ggufBytes(parts))
  expect(error.problem).toBe(problem)
  expect(error.message).toContain(message)
})

test('a type that is not read is reported with the model that the file holds', async () => {
  const parts = {
    metadata: { 'general.architecture': ['string', 'llama'] },
    tensors: { a: { ...tensor, type: 16 } },
  } as const
  expect((await errorOf(ggufBytes(parts))).message).toContain('The file says that it is a "llama".')
})

test('names that are there twice are a typed error', async () => {
  const entry = Buffer.concat([text('a'), uint32(1), uint64(1n), uint32(0), uint64(0n)])
  const bytes = Buffer.concat([ggufBytes({ counts: [2n, 0n] }).subarray(0, 24), entry, entry])
  expect((await errorOf(bytes)).message).toContain('tensor "a" appears twice')
  const key = Buffer.concat([text('k'), uint32(4), uint32(1)])
  const twice = Buffer.concat([ggufBytes({ counts: [0n, 2n] }).subarray(0, 24), key, key])
  expect((await errorOf(twice)).message).toContain('the key "k" twice')
})

test('a file that ends anywhere in its header or its data is truncated', async () => {
  const metadata = { name: ['string', 'x'], sizes: ['ints', [1, 2, 3]] } as const
  const bytes = ggufBytes({ metadata, tensors: { a: q8_0([2, 32], values) } })
  for (let length = 0; length < bytes.length; length += 3) {
    expect((await errorOf(bytes.subarray(0, length))).problem).toBe('truncated')
  }
})

test('a header that takes more than is allowed is not read to its end', async () => {
  const path = await fileOf(ggufBytes({ metadata: { a: ['raw', Buffer.concat([uint32(8), uint64(2n ** 30n)])] } }))
  await truncate(path, 2 ** 31)
  expect(() => readHeaderSync(path)).toThrow(expect.objectContaining({ problem: 'header-too-large' }))
})

test('a long vocabulary in front of the tensors is skipped', async () => {
  const words = Array.from({ length: 20_000 }, (_, i) => text(`word ${i}`))
  const vocabulary = Buffer.concat([uint32(9), uint32(8), uint64(20_000n), ...words])
  const path = await fileOf(ggufBytes({ metadata: { words: ['raw', vocabulary] }, tensors: { a: tensor } }))
  const header = readGGUFHeaderSync(path)
  expect(header.metadata.get('words')).toEqual({ length: 20_000 })
  expect(await readFloat32(header.tensors.get('a') as never)).toEqual(values)
  expect(readHeaderSync(path).metadata.get('words')).toBe('a list of 20000 values')
})

test('rows of 256 have the shape that ComfyUI-GGUF states', async () => {
  const many = Float32Array.from({ length: 512 }, (_, i) => i % 127)
  const metadata = { 'comfy.gguf.orig_shape.a': ['ints', [8, 64]] } as const
  const path = await fileOf(ggufBytes({ metadata, tensors: { a: q8_0([2, 256], many) } }))
  expect(readHeaderSync(path).tensors.get('a')?.shape).toEqual([8, 64])
})

test('a GGUF file under another name is reported as one, and a file that is missing as missing', async () => {
  const path = await fileOf(ggufBytes({ tensors: { a: tensor } }), 'model.safetensors')
  await expect(SafetensorsFile.open(path)).rejects.toThrow('This is a GGUF file')
  expect(() => readHeaderSync(join(folder(), 'none.gguf'))).toThrow(MissingFileError)
})

test('a file that was written to since its header was read is refused by its format', async () => {
  const path = await fileOf(ggufBytes({ tensors: { a: tensor } }))
  const info = readHeaderSync(path).tensors.get('a')
  await truncate(path, 100)
  await expect(readFloat32(info as never)).rejects.toThrow(GGUFError)
})

test('any damage ends in success or a typed error', async () => {
  const metadata = { 'general.architecture': ['string', 'sd1'], sizes: ['ints', [1, 2, 3]] } as const
  const bytes = ggufBytes({ metadata, tensors: { a: q8_0([2, 32], values), b: tensor } })
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }))
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.nat(bytes.length), async (changes, length) => {
      const damaged = Buffer.from(bytes.subarray(0, length))
      for (const [at, byte] of changes) if (at < length) damaged[at] = byte
      const path = await fileOf(damaged)
      try {
        for (const info of readHeaderSync(path).tensors.values()) if (info.dtype !== 'I64') await readFloat32(info)
      } catch (error) {
        expect(error).toBeInstanceOf(GGUFError)
      }
    }),
    { numRuns: 150 },
  )
})
