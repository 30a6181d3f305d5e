/** Mounts for tests, where the user may mount. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const mounted: string[] = []

/** Mounts something, until {@link unmountAll}. */
export function mount(...args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' })
  const place = String(args.at(-1))
  if (!mounted.includes(place)) mounted.push(place)
}

/** Unmounts all, the last first. */
export function unmountAll(): void {
  for (const place of mounted.splice(0).reverse()) execFileSync('umount', [place], { stdio: 'pipe' })
}

/** Tests that mount; skipped where that is refused, as it is to users other than root. */
export const testWithMounts = canMount() ? test : test.skip

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-mount-'))
  try {
    mkdirSync(join(folder, 'tmpfs'))
    mount('-t', 'tmpfs', 'tmpfs', join(folder, 'tmpfs'))
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, 'tmpfs', name))
    const at = (name: string) => join(folder, 'tmpfs', name)
    mount(
      '-t',
      'overlay',
      'overlay',
      '-o',
      `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`,
      at('merged'),
    )
    return true
  } catch {
    return false
  } finally {
    unmountAll()
    rmSync(folder, { recursive: true, force: true })
  }
}
