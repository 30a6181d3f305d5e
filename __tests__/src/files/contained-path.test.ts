import { isContainedPath } from '../../../src/files/contained-path'

test.each(['a', 'unet/config.json', '.gitattributes', 'a..b', '...', 'größer/🍎.json', '100%25'])(
  '%p stays inside',
  path => {
    expect(isContainedPath(path)).toBe(true)
  },
)

test.each([
  '',
  '.',
  '..',
  '../a',
  'a/../../b',
  'a/./b',
  'a//b',
  'a/',
  '/a',
  '\\a',
  'a\\..\\b',
  'C:a',
  'c:/a',
  '//host/share',
  'a\0b',
  '%2e%2e/a',
  'a/%2E./b',
  '..%2fa',
  'a%5c..%5Cb',
  'x'.repeat(256),
  `${'x/'.repeat(600)}y`,
  5,
  null,
])('%p does not', path => {
  expect(isContainedPath(path)).toBe(false)
})
