/** Swaps two folders in one step. */
import { spawn } from 'node:child_process'

/** Number of the system call renameat2 on Linux. */
const RENAMEAT2: Partial<Record<NodeJS.Architecture, number>> = { x64: 316, arm64: 276 }

/** The files are named from the working folder (AT_FDCWD), and exchanged (RENAME_EXCHANGE). */
const PERL = 'exit(syscall($ARGV[0] + 0, -100, $ARGV[1], -100, $ARGV[2], 2) == 0 ? 0 : 1)'

type Command = (a: string, b: string) => readonly [program: string, args: readonly string[]]

/**
 * Programs that can do it: Node itself cannot. GNU coreutils learned it in version 9.5; perl is on nearly every system that has older ones.
 */
const COMMANDS: readonly Command[] = [
  (a, b) => ['mv', ['--exchange', '--no-target-directory', '--', a, b]],
  (a, b) => ['perl', ['-e', PERL, String(RENAMEAT2[process.arch] ?? -1), a, b]],
]

/** Those that this machine has; tried in turn. */
let usable = process.platform === 'linux' ? COMMANDS : []

/**
 * Swaps two folders (absolute paths) so that at no moment one of the names is missing or stands for something else.
 *
 * @returns whether they were swapped: not every system can, and some file systems cannot
 */
export async function exchangeFolders(a: string, b: string): Promise<boolean> {
  for (const command of usable) {
    const [program, args] = command(a, b)
    const code = await run(program, args)
    if (code === 0) {
      usable = [command]
      return true
    }
    if (code === undefined) usable = usable.filter(other => other !== command)
  }
  return false
}

/** The exit code of a program; undefined if there is no such program, or none may be started. */
function run(program: string, args: readonly string[]): Promise<number | undefined> {
  return new Promise(resolve => {
    try {
      const child = spawn(program, args, { stdio: 'ignore', windowsHide: true })
      child.once('error', () => resolve(undefined))
      child.once('exit', code => resolve(code ?? 1))
    } catch {
      // Node's permission model may forbid to start programs.
      resolve(undefined)
    }
  })
}
