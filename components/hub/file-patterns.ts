/** Which files a pattern stands for, as the shell and Python's fnmatch read it: `*` also goes over slashes. */

/** The names that one of the patterns to allow matches (by default all), and none of those to ignore. */
export function filterNames(
  names: readonly string[],
  allow: string | readonly string[] | undefined,
  ignore: string | readonly string[] | undefined,
): string[] {
  const allowed = allow === undefined ? undefined : [allow].flat().map(toRegExp)
  const ignored = [ignore ?? []].flat().map(toRegExp)
  return names.filter(
    name => (allowed?.some(pattern => pattern.test(name)) ?? true) && !ignored.some(pattern => pattern.test(name)),
  )
}

function toRegExp(pattern: string): RegExp {
  const whole = pattern.endsWith('/') ? `${pattern}*` : pattern
  const source = whole.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (sign, not: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^[]/g, '\\$&')}]`
    if (sign === '*') return '.*'
    return sign === '?' ? '.' : sign.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
  })
  return new RegExp(`^${source}$`, 's')
}
