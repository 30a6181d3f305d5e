import { spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Image } from '../../components/images/image'
import { readPngText } from '../../components/images/png-text'
import { greyLevels } from '../components/images/grey-levels'
import { runCli } from './run-cli'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae cli '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const program = join(__dirname, '..', '..', 'dist', 'cli', 'main.js')
const cli = (...args: string[]) => runCli(args, { cwd: folder })

/** What is stored in a picture of ours. */
const recordIn = (texts: ReadonlyMap<string, string>) =>
  JSON.parse(texts.get('tesserae') as string) as { seed: number; count?: number }

describe('tesserae generate', () => {
  test('writes a picture named after the prompt and the seed, and prints its path alone', async () => {
    const { code, stdout, stderr } = await cli('generate', 'red apple', '--steps', '3', '--seed', '7')
    // No progress bar in a pipe.
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^seed 7, [\d.]+ s on onnxruntime-cpu \(CPU, .+\)$/),
    ])
    expect(code).toBe(0)
    const file = join(folder, 'red-apple-7.png')
    expect(stdout).toBe(`${realpathSync(file)}\n`)
    expect(await Image.load(file)).toMatchObject({ width: 64, height: 64, channels: 3 })
    expect(readdirSync(folder)).toEqual(['red-apple-7.png'])
  })

  test('stores how the picture was made, and inspect reads it back', async () => {
    await cli(
      'generate',
      'pizza',
      '--steps',
      '2',
      '--seed',
      '5',
      '--guidance',
      '3',
      '--negative',
      'dog',
      '--scheduler',
      'euler',
      '--guider',
      'pag',
      '--out',
      'p.png',
    )
    const stored = (await readPngText(readFileSync(join(folder, 'p.png')))).get('tesserae')
    expect(JSON.parse(stored as string)).toMatchObject({
      prompt: 'pizza',
      negativePrompt: 'dog',
      seed: 5,
      steps: 2,
      guidance: 3,
      guider: 'pag',
      scheduler: 'euler',
      width: 64,
      height: 64,
      model: 'emoji',
      executor: 'graph',
      backend: 'onnxruntime-cpu',
    })
    const { code, stdout } = await cli('inspect', 'p.png', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(JSON.parse(stored as string))
    const readable = (await cli('inspect', 'p.png')).stdout
    expect(readable).toMatch(/^prompt +pizza$/m)
    expect(readable).toMatch(/^seed +5$/m)
  })

  test('draws the same picture for the same seed', async () => {
    await cli('generate', 'rocket', '--steps', '2', '--seed', '3', '--size', '16', '--out', 'a.png')
    await cli('generate', 'rocket', '--steps', '2', '--seed', '3', '--size', '16', '--out', 'b.png')
    expect((await Image.load(join(folder, 'a.png'))).data).toEqual((await Image.load(join(folder, 'b.png'))).data)
  })

  test.each([
    [['--backend', 'wasm', '--threads', '1'], 'CPU, 1 thread'],
    [['--executor', 'eager'], expect.stringMatching(/^CPU, \d+ threads?$/)],
  ])('computes kernel by kernel with %j, and draws nearly the same picture', async (eager, device) => {
    const options = ['--steps', '2', '--seed', '3', '--size', '32', '--json', '--out']
    await cli('generate', 'rocket', ...options, 'graph.png')
    const { stdout } = await cli('generate', 'rocket', ...eager, ...options, 'eager.png')
    expect(JSON.parse(stdout)).toMatchObject({
      executor: { name: 'eager', backend: 'wasm', device, version: expect.stringContaining('tfjs-backend-wasm') },
      backend: 'wasm',
    })
    const [graph, kernels] = await Promise.all(['graph.png', 'eager.png'].map(file => Image.load(join(folder, file))))
    expect(greyLevels(graph as Image, kernels as Image)).toBeLessThanOrEqual(1)
  })

  test('takes the threads and the executor that are asked for', async () => {
    const options = ['--steps', '1', '--size', '16', '--json']
    const { stdout } = await cli('generate', 'pizza', ...options, '--executor', 'graph', '--threads', '1')
    expect(JSON.parse(stdout).executor).toMatchObject({ name: 'graph', device: 'CPU, 1 thread' })
    const env = { TESSERAE_EXECUTOR: 'eager' }
    const fromEnvironment = await runCli(['generate', 'pizza', ...options], { cwd: folder, env })
    expect(JSON.parse(fromEnvironment.stdout).executor).toMatchObject({ name: 'eager', backend: 'wasm' })
  })

  test('refuses an unknown executor of the environment', async () => {
    const env = { TESSERAE_EXECUTOR: 'grpah' }
    const { code, stderr } = await runCli(['generate', 'pizza', '--steps', '1'], { cwd: folder, env })
    expect(stderr).toContain('no executor "grpah"; it has "auto", "eager" and "graph". Did you mean "graph"?')
    expect(code).toBe(1)
  })

  test('draws several pictures with consecutive seeds, and a grid of them', async () => {
    const options = ['--steps', '1', '--size', '16', '--seed', '4', '--count', '3', '--out', 'cats.png', '--json']
    const { stdout } = await cli('generate', 'cat face', ...options)
    const files = ['cats-4.png', 'cats-5.png', 'cats-6.png', 'cats.png']
    expect(readdirSync(folder).sort()).toEqual(files)
    expect(JSON.parse(stdout)).toMatchObject({
      files: files.map(file => realpathSync(join(folder, file))),
      seed: 4,
      executor: {
        name: 'graph',
        backend: 'onnxruntime-cpu',
        device: expect.stringMatching(/^CPU, \d+ threads?$/),
        version: expect.stringMatching(/^onnxruntime-node \d/),
      },
      backend: 'onnxruntime-cpu',
      timings: { total: expect.any(Number) },
    })
    const records = await Promise.all(
      files.map(async file => recordIn(await readPngText(readFileSync(join(folder, file))))),
    )
    expect(records.map(({ seed }) => seed)).toEqual([4, 5, 6, 4])
    expect(records.map(({ count }) => count)).toEqual([undefined, undefined, undefined, 3])
    const grid = await Image.load(join(folder, 'cats.png'))
    expect(grid.width * grid.height).toBeGreaterThanOrEqual(3 * 16 * 16)
  })

  test('takes a seed of 64 bits, and reads it back exactly', async () => {
    const seeds = ['18446744073709551614', '18446744073709551615']
    const options = ['--steps', '1', '--size', '16', '--count', '2', '--seed', seeds[0] as string, '--json']
    const { stdout } = await cli('generate', 'rocket', ...options)
    const { files, seed } = JSON.parse(stdout) as { files: string[]; seed: string }
    expect(seed).toBe(seeds[0])
    expect(files.map(file => basename(file))).toEqual([
      ...seeds.map(each => `rocket-${each}.png`),
      `rocket-${seeds[0]}-to-${seeds[1]}.png`,
    ])
    expect((await cli('inspect', files[1] as string)).stdout).toMatch(/^seed +18446744073709551615$/m)
    const beyond = await cli('generate', 'rocket', ...options, '--count', '3')
    expect(beyond.stderr).toContain('must be a whole number from -2^63')
    expect(beyond.code).toBe(1)
  })

  test('reads the prompt from standard input or a file, and writes the picture to standard output', async () => {
    writeFileSync(join(folder, 'prompt.txt'), 'red\n  apple \n')
    const options = ['--steps', '1', '--size', '16', '--seed', '1']
    const fromFile = await cli('generate', '--prompt-file', 'prompt.txt', ...options)
    expect(fromFile.stdout).toMatch(/red-apple-1\.png\n$/)
    const piped = spawnSync(process.execPath, [program, 'generate', '-', ...options, '--out', '-'], {
      cwd: folder,
      input: 'red apple\n',
    })
    expect(piped.status).toBe(0)
    expect(recordIn(await readPngText(piped.stdout)).seed).toBe(1)
    expect(piped.stdout.equals(readFileSync(join(folder, 'red-apple-1.png')))).toBe(true)
  })

  test('refuses a folder as standard input', () => {
    if (process.platform === 'win32') return // It opens no folder.
    const input = openSync(folder, 'r')
    const { status, stderr } = spawnSync(process.execPath, [program, 'generate', '-'], {
      cwd: folder,
      stdio: [input, 'pipe', 'pipe'],
      encoding: 'utf8',
    })
    closeSync(input)
    expect(stderr).toContain('The prompt on standard input is a folder.')
    expect(status).toBe(1)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    [[], 'The prompt is missing'],
    [['cat', '--prompt-file', 'x'], 'The prompt was given twice'],
    [['--prompt-file', 'nowhere.txt'], 'The prompt cannot be read from nowhere.txt'],
    [['cat', '--out', '-', '--count', '2'], 'takes only one picture'],
    [['cat', '--out', '-', '--json'], 'takes either the picture or the JSON'],
    [['cat', '--preview', 'x.png', '--trace', './x.png'], '--preview and --trace name the same file'],
    [['cat', '--out', 'x.png', '--trace', './x.png'], 'a picture is written to'],
    [['red apple', '--seed', '1', '--trace', 'red-apple-1.png'], 'a picture is written to'],
    [['cat', '--count', '2', '--seed', '1', '--out', 'x.png', '--trace', 'x-2.png'], 'a picture is written to'],
    [['cat', '--count', '2', '--out', 'x.png', '--trace', 'x.png'], 'a picture is written to'],
    [['cat', '--count', '2', '--seed', '1', '--out', 'x.png', '--preview', 'x-1.png'], 'another file for the previews'],
  ])('refuses %j before it loads anything', async (args, problem) => {
    const { stderr, code } = await cli('generate', ...args)
    expect(stderr).toContain(problem)
    expect(code).toBe(1)
  })

  test('says of a model of another family what describe says', async () => {
    mkdirSync(join(folder, 'xl'))
    writeFileSync(join(folder, 'xl', 'model_index.json'), '{"_class_name": "FluxPipeline"}')
    const { stderr } = await cli('generate', 'cat', '--model', 'xl')
    expect(stderr).toContain('xl: this model needs FluxPipeline, for which no blocks are registered.')
  })

  test('warns of words and sizes that the model was not trained on, and lists the words', async () => {
    const { stderr } = await cli('generate', 'red aple', '--steps', '1', '--size', '32')
    expect(stderr).toContain('warning: The model was not trained on "aple" (nearest: "red apple"')
    expect(stderr).toContain('warning: The model was trained on pictures of 64×64 pixels')
    const { stdout } = await cli('generate', '--list-words')
    expect(stdout.trim().split('\n')).toHaveLength(595)
    expect(stdout).toMatch(/^red apple$/m)
    const listed = JSON.parse((await cli('generate', '--list-words', '--json')).stdout)
    expect(listed).toMatchObject({ sizes: [[64, 64]], max_names: 1 })
    const other = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion')
    expect((await cli('generate', '--list-words', '--model', other)).stderr).toContain('does not list its words')
  })

  test('takes a scheduler for a model whose own one is not known here', async () => {
    const model = join(folder, 'of another library')
    cpSync(join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion'), model, { recursive: true })
    for (const file of ['model_index.json', 'scheduler/scheduler_config.json']) {
      const text = readFileSync(join(model, file), 'utf8')
      writeFileSync(join(model, file), text.replaceAll('PNDMScheduler', 'FutureScheduler'))
    }
    const args = ['generate', 'a fox', '--model', model, '--steps', '2', '--size', '32', '--out', 'fox.png']
    const own = await cli(...args)
    expect(own.stderr).toContain('There is no scheduler "FutureScheduler"')
    expect(own.code).toBe(1)
    expect((await cli(...args, '--scheduler', 'ddim')).code).toBe(0)
    expect(await Image.load(join(folder, 'fox.png'))).toMatchObject({ width: 32, height: 32 })
  })

  test('takes a size', async () => {
    await cli('generate', 'pizza', '--steps', '1', '--size', '48x32', '--out', 'wide.png')
    expect(await Image.load(join(folder, 'wide.png'))).toMatchObject({ width: 48, height: 32 })
  })

  test('takes prompts in any script', async () => {
    const { code } = await cli('generate', '赤いりんご 🍎', '--steps', '1', '--size', '16', '--seed', '1')
    expect(code).toBe(0)
    expect(readdirSync(folder)).toEqual(['赤いりんご-1.png'])
  })

  test('says what of a long prompt is not seen', async () => {
    const { code, stderr } = await cli(
      'generate',
      'apple '.repeat(60),
      '--steps',
      '1',
      '--size',
      '16',
      '--out',
      'long.png',
    )
    expect(code).toBe(0)
    expect(stderr).toContain('warning: The prompt is longer than 24 tokens')
  })

  test('warns of an empty prompt', async () => {
    const { code, stderr } = await cli('generate', '', '--steps', '1', '--size', '16', '--out', 'empty.png')
    expect(code).toBe(0)
    expect(stderr).toContain('warning: The prompt is empty')
  })

  test.each([
    ['no prompt', [], 'The prompt is missing. Say what the picture should show: generate "red apple"'],
    ['steps of zero', ['x', '--steps', '0'], 'The number of steps must be a whole number from 1 up.'],
    ['negative steps', ['x', '--steps', '-3'], 'The number of steps must be a whole number from 1 up.'],
    ['a fraction of a step', ['x', '--steps', '2.5'], 'The number of steps must be a whole number from 1 up.'],
    ['a size in words', ['x', '--size', 'big'], 'The size must be like 64 or 96x64'],
    ['a size that the VAE cannot make', ['x', '--size', '65', '--steps', '1'], 'it must be a multiple of 4'],
    ['an unknown scheduler', ['x', '--scheduler', 'eulr'], 'euler'],
    ['an unknown guider', ['x', '--guider', 'pagg'], 'Did you mean "pag"?'],
    [
      'a scale that a guider does not have',
      ['x', '--guider', 'fdg', '--guidance', '3'],
      '--guidance: fdg has no guidanceScale. Leave out --guidance',
    ],
    ['an unknown backend', ['x', '--backend', 'abacus'], 'Allowed choices are'],
    ['an unknown executor', ['x', '--executor', 'grpah'], 'Allowed choices are auto, eager, graph.'],
    ['an unknown provider', ['x', '--provider', 'gpu'], 'Allowed choices are cpu, webgpu, cuda.'],
    ['a provider for TensorFlow.js', ['x', '--provider', 'cpu', '--executor', 'eager'], '--executor eager excludes'],
    ['a provider beside a backend', ['x', '--provider', 'cpu', '--backend', 'wasm'], '--backend excludes'],
    ['a backend for ONNX Runtime', ['x', '--backend', 'wasm', '--executor', 'graph'], '--executor graph excludes'],
    ['a seed for a list', ['--list-words', '--seed', '1'], '--list-words draws nothing, so --seed has no effect'],
    ['a prompt for a list', ['x', '--list-words'], '--list-words draws nothing, so a prompt has no effect'],
    ['a folder of LoRAs that is not there', ['x', '--lora-dir', 'nowhere'], '--lora-dir: nowhere cannot be read'],
    ['no thread', ['x', '--threads', '0'], 'The number of threads must be a whole number from 1 up.'],
    ['an unknown option', ['x', '--step', '3'], '(Did you mean --steps?)'],
    ['a model that is not there', ['x', '--model', 'no such folder'], 'no such folder: not found'],
    ['more steps than the model was trained on', ['x', '--steps', '2000'], '1000'],
    ['an output that is no PNG', ['x', '--out', 'x.txt'], 'must end in .png'],
    ['an output in a folder that is not there', ['x', '--out', 'nowhere/x.png'], 'nowhere. Create it first.'],
    ['a negative guidance', ['x', '--guidance', '-1'], 'The guidance must be a number from 0 up.'],
    ['a fractional seed', ['x', '--seed', '1.5'], 'The seed must be a whole number from -2^63'],
    ['no picture', ['x', '--count', '0'], 'The number of pictures must be a whole number from 1 up.'],
    ['pictures without end', ['x', '--count', '1000000000'], 'The number of pictures must be at most 1000.'],
  ])('refuses %s, and writes nothing', async (_, args, message) => {
    const { code, stdout, stderr } = await cli('generate', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).not.toContain('    at ')
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['that lies in a file', 'file/x.png', 'is a file. Pass a path of folders.'],
    ['that is a folder', 'folder.png', 'this is a folder'],
    ['with a name that is too long', `${'x'.repeat(300)}.png`, 'the name is too long'],
  ])('refuses an output %s before it reads the model, and writes nothing', async (_, out, message) => {
    writeFileSync(join(folder, 'file'), 'kept')
    mkdirSync(join(folder, 'folder.png'))
    const { code, stdout, stderr } = await cli('generate', 'x', '--model', 'nowhere', '--out', out)
    expect(stderr).toContain(`${out} cannot be written: `)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder.png'])
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept')
    expect(readdirSync(join(folder, 'folder.png'))).toEqual([])
  })

  test('ends cleanly at Ctrl-C, and leaves nothing half written', async () => {
    const previews = mkdtempSync(join(tmpdir(), 'cli-previews-'))
    const preview = join(previews, 'preview.png')
    const onStart = (kill: (signal: NodeJS.Signals) => void) => {
      const whenItDraws = setInterval(() => {
        if (!existsSync(preview)) return
        clearInterval(whenItDraws)
        kill('SIGINT')
      }, 20)
    }
    const args = ['generate', 'red apple', '--steps', '900', '--preview', preview]
    const { code, stdout, stderr } = await runCli(args, { cwd: folder, onStart })
    rmSync(previews, { recursive: true })
    expect(stderr).toBe('Cancelled.\n')
    expect(code).toBe(130)
    expect(stdout).toBe('')
    expect(readdirSync(folder)).toEqual([])
  })
})
