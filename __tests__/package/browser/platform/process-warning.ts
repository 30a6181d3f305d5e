/** Warnings go to the console. */
export function warnProcess(code: string, message: string): void {
  // biome-ignore lint/suspicious/noConsole: that is where a page warns
  console.warn(code, message)
}
