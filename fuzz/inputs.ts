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

/** A number at the edge of what a setting may be. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...[0, -0, 1, 2, 3, 0.5, 0.999_999, 1e-7, 1e-30, 5e-324, 1e-45, -1, -1e-9, Number.NaN]),
  fc.constantFrom(
    ...[1e3, 1e4, 1e6, 1e9, 1e12, 1e20, 3.4e38, 3.5e38, 1e300, Number.POSITIVE_INFINITY, -1e300, 2 ** 31, 2 ** 53],
  ),
  fc.double(),
  fc.integer(),
)

/** An object of settings whose numbers, and lists of numbers, have others in their place. */
export function spoiledNumbers(right: Readonly<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const keys = Object.keys(right).filter(key => typeof right[key] === 'number' || right[key] === null)
  const value = fc.oneof(
    { weight: 4, arbitrary: anyNumber },
    { weight: 1, arbitrary: fc.array(anyNumber, { maxLength: 6 }) },
  )
  return fc
    .array(fc.tuple(fc.constantFrom(...keys), value), { minLength: 1, maxLength: 3 })
    .map(changes => ({ ...right, ...Object.fromEntries(changes) }))
}

/** An object of settings: some of those that are right, with others in their place. */
export function spoiled(right: Readonly<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const keys = Object.keys(right)
  const change = fc.tuple(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()),
    fc.option(anyValue, { nil: undefined }),
  )
  return fc.array(change, { maxLength: 3 }).map(changes => ({ ...right, ...Object.fromEntries(changes) }))
}

/** The text that Python writes for a value: with the bare words NaN, Infinity and -Infinity. */
function pythonJson(value: unknown): string {
  const word = (member: unknown) =>
    typeof member === 'number' && !Number.isFinite(member) ? `\uE000${member}\uE000` : member
  return (JSON.stringify(value, (_, member) => word(member)) ?? '').replace(/"\uE000(-?\w+)\uE000"/g, '$1')
}

/** The text of a JSON file, sometimes damaged. */
export function jsonFile(value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const text = value.map(pythonJson)
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
        'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n',
      ),
    },
  )
}

/** The right value, or a quarter of the time another one. */
export function mostly<T, U>(right: T, others: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: others })
}

/** What is to be changed in a file: bytes, and where its end is cut off, as shares of its length in 2^31. */
export interface Damage {
  readonly bytes: readonly (readonly [at: number, byte: number])[]
  readonly end: number | null
}

const share = fc.nat(2 ** 31 - 1)

/** Damage of any file. */
export const damage: fc.Arbitrary<Damage> = fc.record({
  bytes: fc.array(fc.tuple(share, fc.nat(255)), { maxLength: 2 }),
  end: mostly(null, share),
})

/** A file with the damage done. */
export function changed(bytes: Uint8Array, { bytes: changes, end }: Damage): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const place = (part: number) => Math.floor((part / 2 ** 31) * bytes.length)
  for (const [at, byte] of changes) copy[place(at)] = byte
  return end === null ? copy : copy.subarray(0, place(end))
}

/** A file with some of its bytes changed, or its end cut off. */
export function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return damage.map(how => changed(bytes, how))
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

/** Names of files that lead elsewhere, or that file systems and servers may read as something else. */
export const PATHS: readonly string[] = [
  ...['../x', '/etc/x', 'a\\b', '..\\x', 'a/../b', '%2e%2e/x', '..%2fx', '%2fetc%2fx', 'C:x', 'C:\\x', '\\\\host\\x'],
  ...['file:///etc/x', 'file:x.safetensors', 'https://host/x', 'a\0b', 'x'.repeat(2000), 'a//b', './x', '.', '..', ''],
]

/** What Git leaves in the place of a large file that was not fetched. */
export const pointerFile: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.nat(), fc.boolean())
  .map(([size, isWhole]) =>
    Buffer.from(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize ${size}\n`.slice(
        0,
        isWhole ? 200 : 60,
      ),
    ),
  )
