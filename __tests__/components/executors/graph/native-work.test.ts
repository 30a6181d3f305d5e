import { runInThisContext } from 'node:vm'
import { NativeWork } from '../../../../components/executors/graph/native-work'

test('the end of the process itself is waited for, though Jest gives tests another', () => {
  const real = runInThisContext('process') as NodeJS.Process
  expect(process).not.toBe(real)
  const before = real.listeners('exit')
  const work = new NativeWork()
  work.watch()
  const [settle, ...others] = real.listeners('exit').filter(listener => !before.includes(listener))
  expect(others).toEqual([])
  settle?.call(real, 0)
  // The thread begins nothing more.
  expect(Atomics.load(work.state, 0)).toBe(2)
  work.unwatch()
  expect(real.listeners('exit')).toEqual(before)
})
