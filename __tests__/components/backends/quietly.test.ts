/** Loading silently. */
import { quietly } from '../../../components/backends/quietly'

test('holds back what is printed, and only while it runs', () => {
  const { console: terminal } = globalThis
  const printed = jest.fn()
  jest.spyOn(terminal, 'warn').mockImplementation(printed)
  expect(
    quietly(() => {
      terminal.warn('while loading')
      return 7
    }),
  ).toBe(7)
  expect(() =>
    quietly(() => {
      throw new TypeError('mine')
    }),
  ).toThrow(TypeError)
  terminal.warn('afterwards')
  expect(printed.mock.calls).toEqual([['afterwards']])
})
