/** The turns of the event loop in a browser. */
export function afterOtherEvents(action: () => void): void {
  setTimeout(action, 0)
}
