/** Tests of what may not be written: the root user may write everywhere, so processes give up what they may. */

/** Only where there are users with rights of their own. */
export const testWithUsers = process.getuid === undefined ? test.skip : test

/** A script for {@link runSave} that loads what it needs, and then continues as a user who owns nothing. */
export function asNobody(load: string, body: string): string {
  return `${load}\nif (process.getuid() === 0) process.setuid(65534)\n${body}`
}
