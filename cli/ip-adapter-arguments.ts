/** Reads the values of `--ip-adapter`, `--ip-image` and `--ip-scale`. */
import { InvalidArgumentError } from 'commander'

/** An option that may be given again: a file each time. */
export function collectFile(file: string, earlier: readonly string[] = []): string[] {
  return [...earlier, file]
}

/** `--ip-scale`: a number, once for each `--ip-adapter`. */
export function parseIpScale(text: string, earlier: readonly number[] = []): number[] {
  const scale = Number(text)
  if (text.trim() === '' || !Number.isFinite(scale)) throw new InvalidArgumentError('The scale must be a number.')
  return [...earlier, scale]
}
