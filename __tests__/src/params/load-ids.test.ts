import { loadIdOf, markLoaded } from '../../../src/params/load-ids'

test('an object remembers where it was loaded from, and a later mark replaces an earlier one', () => {
  const component = Object.freeze({})
  expect(loadIdOf(component)).toBeUndefined()
  markLoaded(component, 'a/b|unet|null|null')
  expect(loadIdOf(component)).toBe('a/b|unet|null|null')
  markLoaded(component, 'c/d|unet|null|null')
  expect(loadIdOf(component)).toBe('c/d|unet|null|null')
  expect(Object.keys(component)).toEqual([])
})

test('equal objects have marks of their own', () => {
  const [first, second] = [{ scale: 1 }, { scale: 1 }]
  markLoaded(first, 'null')
  expect(loadIdOf(first)).toBe('null')
  expect(loadIdOf(second)).toBeUndefined()
})

test('what is not an object carries no mark', () => {
  markLoaded('unet', 'a|b|c|d')
  expect(loadIdOf('unet')).toBeUndefined()
  expect(loadIdOf(undefined)).toBeUndefined()
  expect(loadIdOf(null)).toBeUndefined()
})
