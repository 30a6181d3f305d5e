/** Numbers as people read them. */

/** A time. */
export function milliseconds(time: number): string {
  if (time < 1000) return `${Math.round(time)} ms`
  return `${(time / 1000).toFixed(time < 10_000 ? 1 : 0)} s`
}

/** An amount of memory. */
export function bytes(amount: number): string {
  if (amount < 1e6) return `${Math.round(amount / 1e3)} kB`
  if (amount < 1e9) return `${Math.round(amount / 1e6)} MB`
  return `${(amount / 1e9).toFixed(1)} GB`
}

/** A number of a tensor. */
export function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4)
}

/** A name in camelCase as words. */
export function words(name: string): string {
  const spaced = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/_/g, ' ')
    .toLowerCase()
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}
