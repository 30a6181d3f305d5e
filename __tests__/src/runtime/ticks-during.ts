/** Counts how often a timer fires while something runs. */
export async function ticksDuring(work: () => Promise<unknown>): Promise<number> {
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  try {
    await work()
    return ticks
  } finally {
    clearInterval(timer)
  }
}
