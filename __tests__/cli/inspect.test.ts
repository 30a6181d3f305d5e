/** The commands that show models, blocks and the machine, and draw nothing. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Image } from '../../components/images/image'
import { runCli } from './run-cli'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae cli '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const white = () => new Image({ width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(255) })
const cli = (...args: string[]) => runCli(args, { cwd: folder })

describe('tesserae inspect', () => {
  test.each([
    ['a file that is not there', 'none.png', 'there is no such file.'],
    ['a folder', '.', 'this is '],
    ['a file that is not a picture', 'text.png', 'expected a PNG file, got something that is not an image.'],
    ['a picture that is not a PNG file', 'picture.jpg', 'expected a PNG file, got jpeg.'],
  ])('refuses %s', async (_, file, message) => {
    writeFileSync(join(folder, 'text.png'), 'not a picture')
    await white().save(join(folder, 'picture.jpg'))
    const { code, stderr } = await cli('inspect', file)
    expect(code).toBe(1)
    expect(stderr).toContain(`tesserae: ${file}: ${message}`)
    expect(stderr).toContain('Pass a PNG file that tesserae generate wrote, or a .safetensors or .gguf file.')
  })

  test.each(['{"prompt"', '7', 'null'])('refuses the damaged record %s', async record => {
    await white().save(join(folder, 'damaged.png'), { tesserae: record })
    const { code, stderr } = await cli('inspect', 'damaged.png')
    expect(code).toBe(1)
    expect(stderr).toBe('tesserae: damaged.png: holds a damaged record of how it was made.\n')
  })

  test('prints nothing that the terminal would obey', async () => {
    const record = JSON.stringify({ prompt: '\u001b[2J\u009b31m', ['x\u202e']: 1 })
    await white().save(join(folder, 'evil.png'), { tesserae: record })
    expect((await cli('inspect', 'evil.png')).stdout).toBe(
      `${'prompt'.padEnd(15)} \\u001b[2J\\u009b31m\n${'x\u202e'.padEnd(15)} 1\n`.replace('\u202e', '\\u202e'),
    )
    const json = (await cli('inspect', 'evil.png', '--json')).stdout
    expect(json).not.toMatch(/[\u009b\u202e]/)
    expect(JSON.parse(json)).toEqual(JSON.parse(record))
  })

  test('says so when a picture holds nothing of ours', async () => {
    await white().save(join(folder, 'plain.png'))
    const { code, stderr } = await cli('inspect', 'plain.png')
    expect(code).toBe(1)
    expect(stderr).toContain('has no record of how it was made')
  })
})

describe('tesserae describe', () => {
  test('prints what the pipeline takes and is made of', async () => {
    const { code, stdout } = await cli('describe')
    expect(code).toBe(0)
    for (const text of [
      'StableDiffusionAutoBlocks',
      'prompt (',
      'numInferenceSteps',
      'unet (`UNet2DConditionModel`)',
      '- denoise (DenoiseLoop, a loop)',
    ]) {
      expect(stdout).toContain(text)
    }
  })

  test('prints JSON on request', async () => {
    const { stdout } = await cli('describe', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ class: 'StableDiffusionAutoBlocks', kind: 'sequential' })
  })
})

describe('tesserae doctor', () => {
  test('says of each backend whether it works, and why not', async () => {
    const { code, stdout } = await cli('doctor', '--json')
    expect(code).toBe(0)
    const { backends } = JSON.parse(stdout) as { backends: { name: string; works: boolean; reason?: string }[] }
    expect(backends.map(({ name }) => name)).toEqual(['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'])
    expect(backends.filter(({ works }) => works).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['wasm', 'cpu']),
    )
    for (const { works, reason } of backends) if (!works) expect(reason).toMatch(/\S/)
  })

  test('colours no pipe, on a server that sets CI either', async () => {
    const { code, stdout } = await runCli(['doctor'], { cwd: folder, env: { CI: 'true' } })
    expect([code, stdout]).toEqual([0, expect.stringContaining('wasm       works')])
    expect(stdout).not.toContain('\u001b')
  })

  test.each([
    ['1', true],
    ['0', false],
    ['false', false],
  ])('with FORCE_COLOR=%s, a pipe is coloured: %p', (forced, isColoured) => {
    const colors = join(__dirname, '..', '..', 'dist', 'cli', 'colors.js')
    const program = `process.stdout.write(require(${JSON.stringify(colors)}).colors.red('x'))`
    const env = { ...process.env, NO_COLOR: '', FORCE_COLOR: forced }
    const { stdout } = spawnSync(process.execPath, ['-e', program], { env, encoding: 'utf8' })
    expect(stdout).toBe(isColoured ? '\u001b[31mx\u001b[39m' : 'x')
  })

  test('ends silently when the reader of its output has seen enough', async () => {
    const child = spawn(process.execPath, [join(__dirname, '..', '..', 'dist', 'cli', 'main.js'), 'doctor'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.stdout.once('data', () => child.stdout.destroy())
    expect(await new Promise(resolve => child.on('close', resolve))).toBe(0)
    expect(stderr).toBe('')
  })
})
