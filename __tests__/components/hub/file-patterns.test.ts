import { filterNames } from '../../../components/hub/file-patterns'

const matches = (pattern: string, name: string) => filterNames([name], pattern, undefined).length === 1

// The results of Python's fnmatch.fnmatch().
test.each([
  ['*', '', true],
  ['*', 'unet/a.json', true],
  ['*.json', 'unet/a.json', true],
  ['*.json', 'a.jsonx', false],
  ['unet/*', 'unet/a', true],
  ['unet/', 'unet/a', true],
  ['unet', 'unet/a', false],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'acb', false],
  ['a*a', 'a', false],
  ['a**a', 'aa', true],
  ['?', '', false],
  ['??.bin', 'ab.bin', true],
  ['[abc]x', 'bx', true],
  ['[a-c]x', 'dx', false],
  ['[!a-c]x', 'dx', true],
  ['[!a-c]x', 'bx', false],
  ['[z-a]x', 'mx', false],
  ['[a-]x', '-x', true],
  ['[', '[', true],
  ['[]', '[]', true],
  ['a.b', 'axb', false],
  ['a+(b)|c^$', 'a+(b)|c^$', true],
  ['*.🍎', 'a.🍎', true],
])('%p matches %p: %p', (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected)
})

test('patterns take a time that grows with the length of names alone', () => {
  const begin = process.cpuUsage()
  expect(matches(`${'a*'.repeat(200)}b`, 'a'.repeat(20_000))).toBe(false)
  expect(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(20_000))).toBe(false)
  // As a regular expression, it takes longer than the universe is old: a minute is much on any machine.
  expect(process.cpuUsage(begin).user).toBeLessThan(60_000_000)
})
