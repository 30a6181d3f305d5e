import { statSync } from 'node:fs'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { PickleCheckpointError } from '../../../components/checkpoints/pickle-checkpoint-error'
import { SafetensorsError } from '../../../components/checkpoints/safetensors-error'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import type { WeightFileProblem } from '../../../components/checkpoints/weight-file-error'
import { writeSafetensors } from '../../../components/checkpoints/write-safetensors'
import { MissingFileError } from '../../../components/files/missing-file-error'
import { openFilesIn } from './open-files'
import { safetensorsBytes } from './safetensors-bytes'
import { useTemporaryFolder } from './temporary-folder'

const folder = useTemporaryFolder()

function f32(begin: number, end: number, shape = [(end - begin) / 4]): object {
  return { dtype: 'F32', shape, data_offsets: [begin, end] }
}

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder(), 'weights.safetensors')
  await writeFile(path, bytes)
  return path
}

async function errorOf(bytes: Uint8Array): Promise<unknown> {
  return SafetensorsFile.open(await fileOf(bytes)).then(
    () => undefined,
    error => error,
  )
}

describe('SafetensorsFile', () => {
  describe('reads', () => {
    test('names, shapes, types and the places of the bytes', async () => {
      const bytes = safetensorsBytes({ b: f32(8, 16), a: { dtype: 'I64', shape: [1, 1], data_offsets: [0, 8] } }, 16)
      const path = await fileOf(bytes)
      const file = await SafetensorsFile.open(path)
      const { size, mtimeMs: modified } = statSync(path)
      const stamp = { size, modified }
      expect(file.path).toBe(path)
      expect(file.keys).toEqual(['a', 'b'])
      expect(file.info('a')).toEqual({
        dtype: 'I64',
        shape: [1, 1],
        file: path,
        begin: bytes.length - 16,
        end: bytes.length - 8,
        stamp,
      })
      expect(file.info('b')).toEqual({
        dtype: 'F32',
        shape: [2],
        file: path,
        begin: bytes.length - 8,
        end: bytes.length,
        stamp,
      })
      await file.close()
    })

    test('float16, bfloat16 and float64 as float32', async () => {
      const path = join(folder(), 'floats.safetensors')
      const halves = Uint16Array.of(
        0x3c00,
        0xc000,
        0x7bff,
        0x0400,
        0x03ff,
        0x8001,
        0x0000,
        0x8000,
        0x7c00,
        0xfc00,
        0x7e00,
      )
      const brains = Uint16Array.of(0x3f80, 0xc000, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0)
      await writeSafetensors(path, {
        half: { dtype: 'F16', shape: [11], data: halves },
        brain: { dtype: 'BF16', shape: [7], data: brains },
        double: { dtype: 'F64', shape: [3], data: Float64Array.of(0.1, 1e300, -0) },
      })
      const file = await SafetensorsFile.open(path)
      const { fround } = Math
      expect([...(await file.readFloat32('half'))]).toEqual([
        ...[1, -2, 65504, 2 ** -14, 1023 * 2 ** -24, -(2 ** -24), 0, -0],
        ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
      ])
      expect([...(await file.readFloat32('brain'))]).toEqual([
        ...[1, -2, 2 ** -133, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
      ])
      expect([...(await file.readFloat32('double'))]).toEqual([fround(0.1), Number.POSITIVE_INFINITY, -0])
      await file.close()
    })

    test('the bytes of any type', async () => {
      const path = join(folder(), 'integers.safetensors')
      await writeSafetensors(path, {
        flags: { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
        ids: { dtype: 'I64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
      })
      const file = await SafetensorsFile.open(path)
      expect(await file.readBytes('flags')).toEqual(Uint8Array.of(1, 0, 1))
      expect(new BigInt64Array((await file.readBytes('ids')).buffer)).toEqual(BigInt64Array.of(-1n, 2n ** 40n))
      await file.close()
    })

    test('tensors without elements, numbers without dimensions, and a file without tensors', async () => {
      const scalar = { dtype: 'F32', shape: [], data_offsets: [0, 4] }
      const path = await fileOf(safetensorsBytes({ empty: f32(0, 0, [3, 0]), scalar }, 4))
      const file = await SafetensorsFile.open(path)
      expect(await file.readFloat32('empty')).toHaveLength(0)
      expect(await file.readFloat32('scalar')).toEqual(Float32Array.of(0))
      await file.close()
      const nothing = await SafetensorsFile.open(await fileOf(safetensorsBytes({})))
      expect(nothing.keys).toEqual([])
      await nothing.close()
    })

    test('the metadata', async () => {
      const file = await SafetensorsFile.open(await fileOf(safetensorsBytes({ __metadata__: { format: 'pt' } })))
      expect([...file.metadata]).toEqual([['format', 'pt']])
      expect(file.keys).toEqual([])
      await file.close()
    })

    test('names that mean something to JavaScript as names like any other', async () => {
      const header = `{"__proto__":${JSON.stringify(f32(0, 4))},"constructor":${JSON.stringify(f32(4, 8))},"__metadata__":{"__proto__":"x"}}`
      const file = await SafetensorsFile.open(await fileOf(safetensorsBytes(header, 8)))
      expect(file.keys).toEqual(['__proto__', 'constructor'])
      expect(file.info('__proto__').shape).toEqual([1])
      expect(() => file.info('toString')).toThrow(SafetensorsError)
      expect(({} as { dtype?: unknown }).dtype).toBeUndefined()
      await file.close()
    })
  })

  describe('refuses', () => {
    const cases: [what: string, problem: WeightFileProblem, message: RegExp, bytes: Uint8Array][] = [
      ['an empty file', 'truncated', /0 bytes/, Buffer.alloc(0)],
      ['a file shorter than the length of the header', 'truncated', /7 bytes/, Buffer.alloc(7)],
      [
        'a header that ends behind the file',
        'truncated',
        /download or copy it again/,
        safetensorsBytes({ a: f32(0, 4) }, 4).subarray(0, 20),
      ],
      ['a header of 2^64 - 1 bytes', 'header-too-large', /at most 16777216/, Buffer.alloc(16, 0xff)],
      [
        'a Git LFS pointer',
        'header-too-large',
        /git lfs pull/,
        Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
      ],
      ['a renamed pickle', 'header-too-large', /pickle/, Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')],
      ['an empty header', 'invalid-header', /does not begin with "{"/, safetensorsBytes('')],
      ['a header that is a list', 'invalid-header', /does not begin with "{"/, safetensorsBytes('[]')],
      ['a header that is no JSON', 'invalid-header', /is not JSON/, safetensorsBytes('{"a": ')],
      [
        'a header that is no UTF-8',
        'invalid-header',
        /is not JSON/,
        Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"\xff"', 'latin1')]),
      ],
      ['metadata that is no object', 'invalid-header', /__metadata__/, safetensorsBytes({ __metadata__: null })],
      ['metadata with a number', 'invalid-header', /__metadata__/, safetensorsBytes({ __metadata__: { epoch: 1 } })],
      ['an entry that is null', 'invalid-header', /tensor "a"/, safetensorsBytes({ a: null })],
      ['an entry that is a list', 'invalid-header', /tensor "a"/, safetensorsBytes({ a: [] })],
      [
        'an unknown type',
        'unknown-dtype',
        /"F7", expected one of F64, F32/,
        safetensorsBytes({ a: { ...f32(0, 4), dtype: 'F7' } }, 4),
      ],
      [
        'a type that every object has',
        'unknown-dtype',
        /"toString"/,
        safetensorsBytes({ a: { ...f32(0, 4), dtype: 'toString' } }, 4),
      ],
      ['no type', 'unknown-dtype', /nothing/, safetensorsBytes({ a: { shape: [1], data_offsets: [0, 4] } }, 4)],
      ['a negative dimension', 'invalid-shape', /\[-1,-1\]/, safetensorsBytes({ a: f32(0, 4, [-1, -1]) }, 4)],
      ['a fractional dimension', 'invalid-shape', /\[0.5\]/, safetensorsBytes({ a: f32(0, 2, [0.5]) }, 2)],
      ['a dimension beyond 2^53', 'invalid-shape', /shape/, safetensorsBytes({ a: f32(0, 4, [2 ** 60]) }, 4)],
      ['a shape that is no list', 'invalid-shape', /"1"/, safetensorsBytes({ a: { ...f32(0, 4), shape: '1' } }, 4)],
      [
        'a shape of 65 dimensions',
        'invalid-shape',
        /at most 64/,
        safetensorsBytes({ a: f32(0, 4, Array(65).fill(1)) }, 4),
      ],
      ['no data_offsets', 'invalid-offsets', /nothing/, safetensorsBytes({ a: { dtype: 'F32', shape: [1] } }, 4)],
      [
        'three data_offsets',
        'invalid-offsets',
        /\[0,4,8\]/,
        safetensorsBytes({ a: { ...f32(0, 4), data_offsets: [0, 4, 8] } }, 8),
      ],
      ['negative data_offsets', 'invalid-offsets', /\[-4,0\]/, safetensorsBytes({ a: f32(-4, 0) }, 4)],
      ['data_offsets that run backwards', 'invalid-offsets', /\[4,0\]/, safetensorsBytes({ a: f32(4, 0, [1]) }, 4)],
      [
        'fewer bytes than the shape needs',
        'size-mismatch',
        /has 4 bytes, but its shape \[2\] of F32 needs 8/,
        safetensorsBytes({ a: f32(0, 4, [2]) }, 4),
      ],
      [
        'a shape whose size overflows',
        'size-mismatch',
        /shape/,
        safetensorsBytes({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4),
      ],
      [
        'overlapping tensors',
        'overlap',
        /tensor "b" begins at byte \d+, inside tensor "a"/,
        safetensorsBytes({ a: f32(0, 8), b: f32(4, 12) }, 12),
      ],
      ['two tensors in one place', 'overlap', /inside/, safetensorsBytes({ a: f32(0, 8), b: f32(0, 8) }, 8)],
      ['a hole before the first tensor', 'gap', /the header ends/, safetensorsBytes({ a: f32(4, 8) }, 8)],
      ['a hole between tensors', 'gap', /tensor "b"/, safetensorsBytes({ a: f32(0, 4), b: f32(8, 12) }, 12)],
      ['bytes behind the last tensor', 'gap', /3 bytes at the end/, safetensorsBytes({ a: f32(0, 4) }, 7)],
      [
        'tensors that end behind the file',
        'truncated',
        /tensor "b" ends .* incomplete/,
        safetensorsBytes({ a: f32(0, 4), b: f32(4, 12) }, 11),
      ],
    ]

    test.each(cases)('%s', async (_, problem, message, bytes) => {
      const error = (await errorOf(bytes)) as SafetensorsError
      expect(error).toBeInstanceOf(SafetensorsError)
      expect(error).toMatchObject({ code: 'SAFETENSORS', problem, file: join(folder(), 'weights.safetensors') })
      expect(error.message).toMatch(message)
      expect(error.message).toContain('weights.safetensors: ')
      expect(openFilesIn(folder())).toEqual([])
    })

    test('any damage to a header with nothing but its own error', async () => {
      const bytes = safetensorsBytes(
        { __metadata__: { format: 'pt' }, 'a.weight': f32(0, 16, [2, 2]), b: f32(16, 24) },
        24,
      )
      const change = fc.record({ at: fc.nat(bytes.length - 25), byte: fc.nat(255), insert: fc.boolean() })
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async changes => {
          let damaged: Buffer = Buffer.from(bytes)
          for (const { at, byte, insert } of changes) {
            if (insert) damaged = Buffer.concat([damaged.subarray(0, at), Buffer.of(byte), damaged.subarray(at)])
            else damaged[at] = byte
          }
          const file = await SafetensorsFile.open(await fileOf(damaged)).catch(error => {
            expect(error).toBeInstanceOf(SafetensorsError)
          })
          for (const key of file?.keys ?? []) await file?.readBytes(key)
          await file?.close()
          expect(openFilesIn(folder())).toEqual([])
        }),
        { numRuns: 300 },
      )
    })

    test.each(['model.bin', 'model.ckpt', 'model.PT', 'model.pth', 'model.pkl'])(
      'the pickle %s, unread',
      async name => {
        const opening = SafetensorsFile.open(join(folder(), name))
        await expect(opening).rejects.toThrow(PickleCheckpointError)
        await expect(opening).rejects.toThrow(/runs whatever code it contains.*Convert it to safetensors/)
      },
    )

    test('a missing file, saying what is there instead', async () => {
      await fileOf(safetensorsBytes({}))
      const opening = SafetensorsFile.open(join(folder(), 'model.safetensors'))
      await expect(opening).rejects.toThrow(MissingFileError)
      await expect(opening).rejects.toMatchObject({ found: ['weights.safetensors'], lookedFor: ['model.safetensors'] })
    })

    test('a folder', async () => {
      const path = join(folder(), 'model.safetensors')
      await mkdir(path)
      await expect(SafetensorsFile.open(path)).rejects.toMatchObject({ code: 'SAFETENSORS', problem: 'unreadable' })
    })
  })

  describe('once open', () => {
    async function openFile(): Promise<SafetensorsFile> {
      return SafetensorsFile.open(
        await fileOf(
          safetensorsBytes(
            { 'conv_in.weight': f32(0, 8), ids: { dtype: 'I64', shape: [1], data_offsets: [8, 16] } },
            16,
          ),
        ),
      )
    }

    test('names the nearest tensor when one is missing', async () => {
      const file = await openFile()
      expect(() => file.info('conv_in.weights')).toThrow(/The nearest name is "conv_in.weight"/)
      await expect(file.readFloat32('x')).rejects.toMatchObject({ problem: 'missing-tensor', tensor: 'x' })
      await file.close()
    })

    test('refuses to read integers as floats', async () => {
      const file = await openFile()
      await expect(file.readFloat32('ids')).rejects.toMatchObject({ problem: 'wrong-dtype', tensor: 'ids' })
      await file.close()
    })

    test('reads nothing after it was closed, and can be closed again', async () => {
      const file = await openFile()
      await file.close()
      await file.close()
      expect(openFilesIn(folder())).toEqual([])
      await expect(file.readFloat32('conv_in.weight')).rejects.toMatchObject({ problem: 'closed' })
    })

    test('says so when the file becomes shorter', async () => {
      const file = await openFile()
      await truncate(file.path, 100)
      await expect(file.readBytes('ids')).rejects.toMatchObject({ problem: 'truncated' })
      await file.close()
    })
  })
})
