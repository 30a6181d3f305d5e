import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { terminalPicture } from '../../cli/tour/terminal-picture'
import { TourProgramError } from '../../cli/tour/tour-program-error'
import { tourSteps } from '../../cli/tour/tour-steps'
import { Image } from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { runCli } from './run-cli'

const folder = useTemporaryFolder()
const root = join(__dirname, '..', '..')
const template = join(root, 'templates', 'tour')
const names = tourSteps.map(({ name }) => name)

/** The sum of a channel in the columns of a picture from `begin` up to `end`. */
function sumOf({ width, channels, data }: Image, channel: number, begin = 0, end = width): number {
  return data.reduce((sum, value, i) => {
    const column = Math.floor(i / channels) % width
    return i % channels === channel && column >= begin && column < end ? sum + value : sum
  }, 0)
}

describe('tesserae tour', () => {
  test('shows and runs every step where there is no terminal to ask on', async () => {
    const { code, stdout, stderr } = await runCli(['tour'], { cwd: folder(), env: { CI: 'true' } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const places = tourSteps.map(({ title }, i) => stdout.indexOf(`Step ${i + 1} of 5: ${title}\n`))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places).not.toContain(-1)
    for (const name of names) expect(stdout).toContain(await readFile(join(template, `${name}.mts`), 'utf8'))
    for (const line of ['setGuidance: ', '  step 10 of 10', '1 + 1 = 2', 'Cancelled in denoise[step 11 of 25].']) {
      expect(stdout).toContain(`\n${line}`)
    }
    expect(stdout).not.toContain('\u001b')

    const made = join(folder(), 'tesserae-tour')
    const files = tourSteps.flatMap(step => step.files)
    expect((await readdir(made)).sort()).toEqual([...files, '5-write-a-loop.safetensors'].sort())
    for (const file of files) expect(stdout).toContain(`${join(made, file)}\n`)

    const open = (name: string) => Image.load(join(made, `${name}.png`))
    const apple = await open('1-draw-a-picture')
    expect(sumOf(apple, 0)).toBeGreaterThan(1.2 * sumOf(apple, 2))
    const { width, height, data } = await open('3-swap-parts')
    expect([width, height]).toEqual([192, 64])
    const cells = [0, 1, 2].map(cell => data.filter((_, i) => Math.floor(((i / 3) % 192) / 64) === cell).join())
    expect(new Set(cells).size).toBe(3)
    const exchanged = await open('4-write-a-block')
    expect(sumOf(exchanged, 2, 0, 64)).toBeGreaterThan(1.2 * sumOf(exchanged, 0, 0, 64))
    const pattern = await open('5-write-a-loop')
    expect([pattern.width, pattern.height]).toEqual([256, 256])
    const rows = Array.from({ length: 256 }, (_, y) => pattern.data.slice(y * 768, (y + 1) * 768).join())
    expect([...rows].reverse()).toEqual(rows)
    expect(new Set(rows).size).toBeGreaterThan(32)
  })

  test('ends within a second at Ctrl-C', async () => {
    const result = await runCli(['tour', '1'], {
      cwd: folder(),
      onStart: kill => {
        const wait = setInterval(() => {
          if (!existsSync(join(folder(), 'tesserae-tour'))) return
          clearInterval(wait)
          kill('SIGINT')
        }, 20)
      },
    })
    expect(result).toMatchObject({ code: 130, stderr: 'Cancelled.\n' })
    expect(await readdir(join(folder(), 'tesserae-tour'))).toEqual([])
  })

  test('asks on a terminal before each program, and shows pictures on it', async () => {
    const script = spawnSync('script', ['--version'], { encoding: 'utf8' })
    if (script.status !== 0) return
    const command = [process.execPath, join(root, 'dist', 'cli', 'main.js'), 'tour'].map(part => `'${part}'`).join(' ')
    const run = (input: string, columns = 40) =>
      spawnSync('script', ['--quiet', '--return', '--command', `stty cols ${columns}; ${command}`, '/dev/null'], {
        cwd: folder(),
        encoding: 'utf8',
        env: {
          ...process.env,
          TERM: 'xterm-256color',
          COLORTERM: 'truecolor',
          CI: undefined,
          NO_COLOR: undefined,
          FORCE_COLOR: undefined,
        },
        input,
        timeout: 120_000,
      })
    const { status, stdout } = run('\nq\n')
    expect({ status, stdout }).toMatchObject({ status: 0 })
    expect(stdout).toContain('Press Enter to run it, or q to quit: ')
    expect(stdout).toContain('Press Enter for step 2 of 5, or q to quit: ')
    expect(stdout).toContain('\u001b[38;2;')
    expect(stdout).not.toContain(tourSteps[1]?.title)
    // Some terminals do not know their width.
    expect(run('\nq\n', 0)).toMatchObject({ status: 0, stdout: expect.stringContaining('\u001b[38;2;') })
  })

  test.each([
    [['tour', '6'], 'The step must be at most 5.'],
    [['tour', 'first'], 'The step must be a whole number from 1 up.'],
    [['tour', '2', '--all'], 'one step cannot be combined with --all, which applies to all steps.'],
    [['tour', '2', '--out', 'x'], 'one step cannot be combined with --out, which applies to all steps.'],
    [['tour', '--all', '--out', 'x'], "option '--out <folder>' cannot be used with option '--all'"],
  ])('refuses %j', async (args, message) => {
    expect(await runCli(args, { cwd: folder() })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(message),
    })
    expect(await readdir(folder())).toEqual([])
  })

  test('refuses a file in the place of its folder', async () => {
    await writeFile(join(folder(), 'tesserae-tour'), '')
    const { code, stderr } = await runCli(['tour', '1'], { cwd: folder() })
    expect([code, stderr]).toEqual([1, expect.stringContaining('tesserae-tour cannot be written: ')])
  })

  test('says which program failed, and how', () => {
    expect(new TourProgramError('1.mjs', 1).message).toBe(
      '1.mjs ended with status 1. Run "tesserae doctor" to see whether models can run on this machine.',
    )
    expect(new TourProgramError('1.mjs', 'SIGKILL')).toMatchObject({ code: 'TOUR_PROGRAM', status: 'SIGKILL' })
  })
})

describe('tesserae tour --out', () => {
  test('writes a project whose programs run, with decorators and top-level await', async () => {
    const { code, stdout } = await runCli(['tour', '--out', 'my tour'], { cwd: folder() })
    const project = join(folder(), 'my tour')
    expect([code, stdout]).toEqual([0, expect.stringContaining(`${project}\n\nNext:\n  cd "my tour"\n`)])
    expect((await readdir(project)).sort()).toEqual(
      ['.gitignore', 'README.md', 'package.json', 'tsconfig.json', ...names.map(name => `${name}.ts`)].sort(),
    )
    const { version, devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    expect(JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))).toMatchObject({
      type: 'module',
      dependencies: { tesserae: `^${version}` },
      devDependencies: { tsx: `^${devDependencies.tsx}`, typescript: `^${devDependencies.typescript}` },
    })
    const readme = await readFile(join(project, 'README.md'), 'utf8')
    for (const name of names) expect(readme).toContain(`npx tsx ${name}.ts\n`)

    const modules = join(project, 'node_modules')
    await mkdir(modules)
    await symlink(root, join(modules, 'tesserae'))
    const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs')
    const printed = execFileSync(process.execPath, [tsx, '4-write-a-block.ts'], { cwd: project, encoding: 'utf8' })
    expect(printed).toBe('1 + 1 = 2\n')
    expect(await Image.load(join(project, '4-write-a-block.png'))).toMatchObject({ width: 128, height: 64 })

    const again = await runCli(['tour', '--out', 'my tour'], { cwd: folder() })
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('the folder is not empty')])
  })
})

describe('the steps of the tour', () => {
  test('have a program each, and name pages of the package', async () => {
    const programs = (await readdir(template)).filter(file => file.endsWith('.mts'))
    expect(programs.sort()).toEqual(names.map(name => `${name}.mts`))
    for (const page of tourSteps.flatMap(({ readOn }) => Object.values(readOn))) {
      expect([page, existsSync(join(root, page))]).toEqual([page, true])
    }
  })

  test('are those of the page in the documentation', async () => {
    const page = await readFile(join(root, 'docs', 'start', 'tour.md'), 'utf8')
    for (const [i, { name, title }] of tourSteps.entries()) {
      const program = await readFile(join(template, `${name}.mts`), 'utf8')
      expect(page).toContain(`## ${i + 1}. ${title}\n`)
      expect(page).toContain(`\`\`\`ts\n${program}\`\`\`\n`)
    }
  })
})

describe('a picture on a terminal', () => {
  /** Red above blue, and a column of white beside them. */
  const rows = [
    [255, 0, 0, 255, 255, 255],
    [0, 0, 255, 255, 255, 255],
  ]

  test('has two pixels in a character, in the colours that the terminal has', async () => {
    const file = join(folder(), 'picture.png')
    await new Image({ width: 2, height: 2, channels: 3, data: Uint8Array.from(rows.flat()) }).save(file)
    expect(await terminalPicture(file, { columns: 80, colorDepth: 24 })).toBe(
      '\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[38;2;255;255;255;48;2;255;255;255m▀\u001b[0m',
    )
    expect(await terminalPicture(file, { columns: 80, colorDepth: 8 })).toBe(
      '\u001b[38;5;196;48;5;21m▀\u001b[38;5;231;48;5;231m▀\u001b[0m',
    )
    expect(await terminalPicture(file, { columns: 80, colorDepth: 4 })).toBeUndefined()
  })

  test('is not wider than the terminal', async () => {
    const file = join(folder(), 'wide.png')
    await new Image({ width: 64, height: 32, channels: 3, data: new Uint8Array(64 * 32 * 3) }).save(file)
    const lines = (await terminalPicture(file, { columns: 20, colorDepth: 24 }))?.split('\n') ?? []
    expect(lines.map(line => line.split('▀').length - 1)).toEqual([20, 20, 20, 20, 20])
  })
})
