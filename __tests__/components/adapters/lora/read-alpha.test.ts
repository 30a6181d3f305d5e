/** The alpha of a layer, as programs store it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readAlpha } from '../../../../components/adapters/lora/read-alpha'
import { SafetensorsFile } from '../../../../components/checkpoints/safetensors-file'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-alpha-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function alphaOf(dtype: string, values: ArrayBufferView, shape: readonly number[] = []): Promise<number> {
  const header = JSON.stringify({ 'a.alpha': { dtype, shape, data_offsets: [0, values.byteLength] } })
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const path = join(folder, 'alpha.safetensors')
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), bytes]))
  const file = await SafetensorsFile.open(path)
  try {
    return await readAlpha(file, 'a.alpha', 'unet.a')
  } finally {
    await file.close()
  }
}

test.each([
  ['F32', Float32Array.of(4)],
  ['F16', Uint16Array.of(0x4400)],
  ['I64', BigInt64Array.of(4n)],
  ['I32', Int32Array.of(4)],
  ['I16', Int16Array.of(4)],
  ['I8', Int8Array.of(4)],
  ['U64', BigUint64Array.of(4n)],
  ['U32', Uint32Array.of(4)],
  ['U16', Uint16Array.of(4)],
  ['U8', Uint8Array.of(4)],
])('is a number of the type %s', async (dtype, values) => {
  expect(await alphaOf(dtype, values)).toBe(4)
  expect(await alphaOf(dtype, values, [1])).toBe(4)
})

test.each([
  ['is a tensor of the shape [3]', Float32Array.of(1, 2, 3), [3]],
  ['is a tensor of the shape [0]', new Float32Array(0), [0]],
  ['is NaN', Float32Array.of(Number.NaN), []],
])('is refused if it %s', async (problem, values, shape) => {
  await expect(alphaOf('F32', values, shape)).rejects.toThrow(`the alpha of unet.a ${problem}`)
})
