import { formatBytes, parseByteSize } from '../../../src/format/byte-size'

test.each([
  ['3GB', 3e9],
  ['1.5 GiB', 1.5 * 2 ** 30],
  ['512MiB', 2 ** 29],
  ['100 kB', 1e5],
  ['500 mb', 5e8],
  ['7B', 7],
  [0, 0],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])('%s is %d bytes', (size, bytes) => {
  expect(parseByteSize(size, 'limit')).toBe(bytes)
})

test.each(['3', '3Gb', '3Gib', 'GB', '-1GB', '1e3B', '3 apples', '', -1, Number.NaN, {} as string])(
  '%p is refused',
  size => {
    const refused = expect.objectContaining({ code: 'INVALID_BYTE_SIZE', setting: 'memoryReserveMargin' })
    expect(() => parseByteSize(size, 'memoryReserveMargin')).toThrow(refused)
    expect(() => parseByteSize(size, 'memoryReserveMargin')).toThrow(
      'memoryReserveMargin must be a number of bytes from 0 up',
    )
  },
)

test.each([0, '0.4B', -5])('%p is refused where there must be some', size => {
  expect(() => parseByteSize(size, 'maxShardSize', 1)).toThrow('maxShardSize must be a number of bytes from 1 up')
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 KB'],
  [12_345, '12.3 KB'],
  [1_702_000_000, '1.70 GB'],
  [999_999, '1.00 MB'],
])('%d bytes are written as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
