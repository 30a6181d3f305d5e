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

/** Mounts an overlay on the folder `merged` of a folder, over the folder `lower` that may be there. */
export function mountOverlay(folder: string): void {
  const at = (name: string) => join(folder, name)
  for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(at(name), { recursive: true })
  const layers = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')}`
  mount('-t', 'overlay', 'overlay', '-o', layers, at('merged'))
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
    mountOverlay(join(folder, 'tmpfs'))
    return true
  } catch {
    return false
  } finally {
    unmountAll()
    rmSync(folder, { recursive: true, force: true })
  }
}
