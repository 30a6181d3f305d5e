/** Inputs that are nearly right: files of the right form with something wrong in them. */
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { crc32 } from '../components/images/crc32'

/** Values at the edges of what settings may be. */
const EDGES: readonly unknown[] = [
  ...[0, 1, -1, 0.5, 1e-300, 2, 3, 7, 100, 1000, 1e5, 1e6, 1e9, 2 ** 31, 2 ** 53, 1e300, -1e300],
  ...[
    null,
    true,
    false,
    '',
    'a',
    '__proto__',
    'constructor',
    '../x',
    'linear',
    'scaled_linear',
    'leading',
    'v_prediction',
  ],
  ...[[], {}, [0], [1, 2], [null], ['a'], [[]], [1e9, 1e9], [320, 640], 'x'.repeat(5000), new Array(1000).fill(1)],
]

/** A value that a setting may be by mistake or by malice. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 3, arbitrary: fc.double() },
  { weight: 3, arbitrary: fc.integer() },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
)

/** An object of settings: some of those that are right, with others in their place. */
export function spoiled(right: Readonly<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const keys = Object.keys(right)
  const change = fc.tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()),
    fc.option(anyValue, { nil: undefined }),
  )
  return fc.array(change, { maxLength: 3 }).map(changes => ({ ...right, ...Object.fromEntries(changes) }))
}

/** The text of a JSON file, sometimes damaged. */
export function jsonFile(value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const text = value.map(
    found => JSON.stringify(found, (_, member) => (member === undefined ? undefined : member)) ?? '',
  )
  return fc.oneof(
    { weight: 8, arbitrary: text },
    { weight: 1, arbitrary: fc.tuple(text, fc.nat()).map(([full, at]) => full.slice(0, at % (full.length + 1))) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        'null',
        '[]',
        '5',
        '{"a": NaN}',
        `${'['.repeat(5000)}`,
        '\ufeff{}',
        '{"__proto__": {}}',
      ),
    },
  )
}

/** A file with some of its bytes changed, or its end cut off. */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255))
  return fc.tuple(fc.array(change, { maxLength: 4 }), fc.option(fc.nat(bytes.length))).map(([changes, end]) => {
    const copy = Uint8Array.from(bytes)
    for (const [at, byte] of changes) copy[at] = byte
    return end === null ? copy : copy.subarray(0, end)
  })
}

/** A safetensors file with that header, before those bytes. */
export function safetensors(header: string, data: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, data])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length)
  whole.set(body, 4)
  whole.writeUInt32BE(crc32(body), body.length + 4)
  return whole
}

/** A PNG file of a size, which its pixels need not have, and of texts. */
export function tinyPng(width: number, height: number, chunks: readonly (readonly [string, Uint8Array])[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width >>> 0)
  header.writeUInt32BE(height >>> 0, 4)
  header[8] = 8
  header[9] = 2
  const rows = deflateSync(Buffer.alloc((1 + 3 * Math.min(width, 64)) * Math.min(height, 64)))
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const others = chunks.map(([type, data]) => chunk(type, data))
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...others,
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
