/**
 * Counts the turns of the event loop while something runs. Meanwhile the clock advances by a millisecond whenever it is
 * read. So the number of yields depends on how often a loop reads the clock, not on the speed of the machine.
 */
export async function ticksDuring(work: () => Promise<unknown>): Promise<number> {
  let time = performance.now()
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => time++)
  let ticks = -1
  let isOver = false
  const tick = () => {
    ticks++
    if (!isOver) setImmediate(tick)
  }
  tick()
  try {
    await work()
    return ticks
  } finally {
    isOver = true
    clock.mockRestore()
  }
}
