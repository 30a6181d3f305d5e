/** The functions of `util` that tfjs-node needs, on a Node that lacks them. */
import util from 'node:util'
import { restoreRemovedNodeFunctions } from '../../../components/backends/removed-node-functions'

const names = ['isArray', 'isNullOrUndefined']
const kept = names.map(name => Object.getOwnPropertyDescriptor(util, name))

beforeEach(() => names.forEach(name => void Reflect.deleteProperty(util, name)))
afterAll(() => {
  for (const [i, descriptor] of kept.entries()) {
    Reflect.deleteProperty(util, names[i] ?? '')
    if (descriptor) Object.defineProperty(util, names[i] ?? '', descriptor)
  }
})

const call = (name: string, value: unknown) => (Reflect.get(util, name) as (value: unknown) => boolean)(value)

test('puts them back', () => {
  restoreRemovedNodeFunctions()
  expect([null, undefined, 0, ''].map(value => call('isNullOrUndefined', value))).toEqual([true, true, false, false])
  expect([[], {}].map(value => call('isArray', value))).toEqual([true, false])
})

test('keeps one that exists', () => {
  const own = () => false
  Object.assign(util, { isNullOrUndefined: own })
  restoreRemovedNodeFunctions()
  expect(Reflect.get(util, 'isNullOrUndefined')).toBe(own)
})

test('replaces one that would print a warning', () => {
  const deprecated = () => false
  Object.assign(util, { isArray: deprecated })
  restoreRemovedNodeFunctions()
  expect(Reflect.get(util, 'isArray')).toBe(Array.isArray)
})
