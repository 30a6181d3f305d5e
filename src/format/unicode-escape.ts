/** Escapes characters as JSON and JavaScript do. */

/** `\u001b` for the sign of that code. Of one beyond the first plane, give each half. */
export function unicodeEscape(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
}
