import { getEventListeners } from 'node:events'
import { joinSignals, onAbort } from '../../../src/runtime/on-abort'

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('onAbort', () => {
  test('calls every listener once, with one listener on the signal', () => {
    const controller = new AbortController()
    const called: number[] = []
    for (let i = 0; i < 50; i++) onAbort(controller.signal, () => called.push(i))
    expect(listenersOf(controller.signal)).toBe(1)
    controller.abort()
    expect(called).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(listenersOf(controller.signal)).toBe(0)
  })

  test('takes its listener off the signal with the last that is removed', () => {
    const { signal } = new AbortController()
    const remove = [onAbort(signal, () => {}), onAbort(signal, () => {})]
    remove[0]?.()
    remove[0]?.()
    expect(listenersOf(signal)).toBe(1)
    remove[1]?.()
    expect(listenersOf(signal)).toBe(0)
  })

  test('does not call a listener that was removed', () => {
    const controller = new AbortController()
    const listener = jest.fn()
    onAbort(controller.signal, listener)()
    controller.abort()
    expect(listener).not.toHaveBeenCalled()
  })

  test('calls at once for a signal that has fired', () => {
    const listener = jest.fn()
    onAbort(AbortSignal.abort(), listener)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  test('calls a function twice that is passed twice', () => {
    const controller = new AbortController()
    const listener = jest.fn()
    onAbort(controller.signal, listener)
    onAbort(controller.signal, listener)
    controller.abort()
    expect(listener).toHaveBeenCalledTimes(2)
  })

  test('lets a listener remove another while the signal fires', () => {
    const controller = new AbortController()
    const second = jest.fn()
    let remove = () => {}
    onAbort(controller.signal, () => remove())
    remove = onAbort(controller.signal, second)
    controller.abort()
    expect(second).not.toHaveBeenCalled()
  })
})

describe('joinSignals', () => {
  test('fires with the reason of the first signal that fires', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    const { signal } = joinSignals(a.signal, undefined, b.signal)
    b.abort('b')
    a.abort('a')
    expect(signal.reason).toBe('b')
  })

  test('has fired if one of the signals has', () => {
    expect(joinSignals(new AbortController().signal, AbortSignal.abort('now')).signal.reason).toBe('now')
  })

  test('leaves no listener behind', () => {
    const { signal } = new AbortController()
    joinSignals(signal, new AbortController().signal).release()
    expect(listenersOf(signal)).toBe(0)
  })
})
