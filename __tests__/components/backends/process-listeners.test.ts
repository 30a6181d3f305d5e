/** Listeners that a WebAssembly module adds to the process. */
import { withoutProcessListeners } from '../../../components/backends/process-listeners'

test("takes off the module's listeners and no others", async () => {
  const before = process.listeners('unhandledRejection')
  const mine = () => undefined
  await withoutProcessListeners(async () => {
    process.on('unhandledRejection', reason => {
      throw reason
    })
    process.on('unhandledRejection', mine)
  })
  const after = process.listeners('unhandledRejection')
  process.off('unhandledRejection', mine)
  expect(after).toEqual([...before, mine])
})
