/**
 * Counts the turns of the event loop while something runs. Meanwhile the clock advances by a millisecond whenever it is looked at: how often a loop
 * yields follows from how often it asks whether its time is over, not from how fast the machine is.
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
