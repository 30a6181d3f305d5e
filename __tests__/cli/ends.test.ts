/** How the commands end: signals, closed pipes, full disks. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const cli = join(__dirname, '..', '..', 'dist', 'cli', 'main.js')
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-ends-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const ends = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

/** Waits until a process of this one has computed for so long that it must be in the middle of a step. */
async function untilItComputes(pid: number): Promise<void> {
  for (let ticks = 0; ticks < 200; await new Promise(resolve => setTimeout(resolve, 50))) {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    if (child) ticks = Number(readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ')[11])
  }
}

const onLinux = process.platform === 'linux' ? test : test.skip

// A step of this size takes many seconds.
onLinux.each(ends)('%s ends a command in the middle of a step, with exit code %d', async (signal, expected) => {
  const args = [cli, 'generate', 'pizza', '--steps', '3', '--size', '1536', '--executor', 'graph']
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk))
  const closed = new Promise(resolve => child.on('close', (code, by) => resolve({ code, by })))
  await untilItComputes(child.pid as number)
  child.kill(signal)
  const end = await closed
  expect(end).toEqual({ code: expected, by: null })
  expect(printed).toMatch(/Cancelled\.\n$/)
  expect(readdirSync(folder)).toEqual([])
})

/** Draws a picture in a shell, with its output redirected, and returns the exit code of `tesserae`. */
function draw(redirection: string): { code: number; stderr: string } {
  const command = `"$0" "$1" generate pizza --seed 1 --steps 1 --out "$2" ${redirection}; echo "\${PIPESTATUS[0]}" >&3`
  const args = ['-c', command, process.execPath, cli, join(folder, 'x.png')]
  const { output } = spawnSync('bash', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  return { code: Number(output[3]), stderr: output[2] ?? '' }
}

test.each(['2>&1 | true', '| true', '2> >(true)'])(
  'a closed pipe is not a failure if the picture was saved: %s',
  to => {
    expect(draw(to).code).toBe(0)
    expect(existsSync(join(folder, 'x.png'))).toBe(true)
  },
)

onLinux('a full disk behind standard output is one line', () => {
  const { code, stderr } = draw('> /dev/full')
  const lines = stderr.split('\n').filter(line => line.startsWith('tesserae:') || /Error|^ +at /.test(line))
  expect(lines).toEqual(['tesserae: standard output cannot be written: the disk is full.'])
  expect(code).toBe(1)
  expect(existsSync(join(folder, 'x.png'))).toBe(true)
})
