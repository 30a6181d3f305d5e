import { formatBytes, parseMemorySize } from '../../../src/manager/memory-size'

test.each([
  ['3GB', 3e9],
  ['1.5 GiB', 1.5 * 2 ** 30],
  ['512MiB', 2 ** 29],
  ['100 kB', 1e5],
  ['7B', 7],
  [0, 0],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])('%s is %d bytes', (size, bytes) => {
  expect(parseMemorySize(size, 'limit')).toBe(bytes)
})

test.each(['3', '3Gb', 'GB', '-1GB', '1e3B', '3 apples', {} as string])('%p is refused', size => {
  expect(() => parseMemorySize(size, 'reserveMargin')).toThrow('reserveMargin must be')
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
