import { parseShardSize } from '../../../components/checkpoints/shard-size'

describe('parseShardSize', () => {
  test.each([
    [1000, 1000],
    ['1000', 1000],
    ['5GB', 5e9],
    ['500 mb', 5e8],
    ['1.5KB', 1500],
    ['2GiB', 2 ** 31],
  ])('reads %j as %d bytes', (size, bytes) => {
    expect(parseShardSize(size)).toBe(bytes)
  })

  test.each(['', 'GB', '5 parsecs', '-1', 0, -5, Number.POSITIVE_INFINITY, Number.NaN])('refuses %j', size => {
    expect(() => parseShardSize(size)).toThrow(expect.objectContaining({ code: 'INVALID_SHARD_SIZE', size }))
  })
})
