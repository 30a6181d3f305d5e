/** What the browser remembers. It may remember nothing, or what an older page has left. */

/** How long it is remembered: until the tab is closed, or until it is removed. */
export type Duration = 'tab' | 'always'

/** Remembers a value. Where the browser refuses, as in private windows or for want of room, the page continues without. */
export function keep(name: string, value: unknown, duration: Duration = 'always'): void {
  try {
    storageFor(duration).setItem(name, JSON.stringify(value))
  } catch {}
}

/** The value of a name; `undefined` if none exists, or none that can be read. */
export function recall(name: string, duration: Duration = 'always'): unknown {
  try {
    const text = storageFor(duration).getItem(name)
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function storageFor(duration: Duration): Storage {
  return duration === 'tab' ? sessionStorage : localStorage
}
