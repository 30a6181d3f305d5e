/** `npm run bench`: compares with PyTorch diffusers in the same run, and writes what it finds to bench/RESULTS.md and bench/results.json. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type Quantization, schedulerNames } from 'tesserae'
import { median } from './median'
import { ModelProcess } from './model-process'
import { measureOlderProcessor } from './older-processor'
import { measureOverhead } from './overhead'
import { compareQuantized, type QuantizedCase, writeQuantized } from './quantized'
import { drawQuantized, qualityOf } from './quantized-pictures'
import { describeEnvironment, explanations, type Result, resultsTable, saveResults } from './results'
import { measureTypeCheck } from './type-check'
import { ourVersions, peerVersions } from './versions'
import { type ProcessCost, watchProcess } from './watched-process'

// Compiled files are in dist/bench.
const root = join(__dirname, '..', '..')
const peers = join(root, 'bench', 'peers')
const python = process.env.TESSERAE_PYTHON ?? join(root, 'bench', '.venv', 'bin', 'python')

interface Options {
  only?: string
  runs: string
  threads: string
  models: string
}

/** What Stable Diffusion's schedulers have in common. */
const LATENTS = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  clip_sample: false,
  noise_sampler_seed: 0,
}

/** Steps of the whole run at 512 px: enough to reach the highest use of memory, few enough to wait for. */
const RUN_STEPS = 4

/** The same for Stable Diffusion XL, whose steps take minutes. */
const XL_RUN_STEPS = 2

class Bench {
  readonly results: Result[] = []

  constructor(
    private readonly options: Options,
    private readonly python: string,
    /** What each result was measured with. */
    private readonly environment: string,
  ) {}

  get runs(): number {
    return Number(this.options.runs)
  }

  /** A comparison that nobody has left out. */
  wants(name: string): boolean {
    return this.options.only === undefined || this.options.only.split(',').includes(name)
  }

  /** Makes a checkpoint of random weights, unless it is there. */
  checkpoint(size: 'sd15' | 'sdxl' | 'sdxl-unet'): string {
    const folder = join(this.options.models, size)
    if (!existsSync(join(folder, 'unet'))) {
      console.error(`Making ${folder} …`)
      const args = [join(peers, 'make_checkpoint.py'), folder, '--size', size, '--dtype', 'float16']
      execFileSync(this.python, args, { stdio: 'inherit' })
    }
    return folder
  }

  /** Adds a result, and saves it: a later comparison may fail. */
  add(measured: Result): void {
    const result: Result = { ...measured, environment: this.environment }
    this.results.push(result)
    saveResults(join(root, 'bench'), this.results)
    if ('worst' in result)
      console.error(`${result.name}: mean ${result.mean.toFixed(1)} dB, worst ${result.worst.toFixed(1)} dB`)
    else console.error(`${result.name}: ${result.ratio.toFixed(3)} (memory ${result.memoryRatio?.toFixed(3) ?? '–'})`)
  }

  /** Alternates runs of a UNet in 8 bits with those of all peers. */
  async compareQuantized(given: QuantizedCase): Promise<void> {
    const { threads } = this.options
    this.add(await compareQuantized(given, { python: this.python, peers, threads, runs: this.runs }))
  }

  /** Alternates runs of models that are loaded, each in a process of its own. */
  async compareModels(
    cases: readonly { component: string; folder: string; sizes: readonly { name: string; size: number }[] }[],
  ): Promise<void> {
    for (const { component, folder, sizes } of cases) {
      const wanted = sizes.filter(({ name }) => this.wants(name))
      if (wanted.length === 0) continue
      const { threads } = this.options
      const ours = new ModelProcess(process.execPath, [join(__dirname, 'model-server.js'), threads])
      const peer = new ModelProcess(this.python, [join(peers, 'models.py'), '--threads', threads])
      try {
        for (const side of [ours, peer]) {
          await side.ask({ do: 'load', component, folder })
        }
        for (const { name, size } of wanted) {
          const request = { do: 'run', component, size }
          // The first run of each is none of its usual ones.
          await ours.ask(request)
          await peer.ask(request)
          const pairs: [number, number][] = []
          for (let i = 0; i < this.runs; i++) pairs.push([await ours.time(request), await peer.time(request)])
          const [memory, peerMemory] = [await ours.ask({ do: 'memory' }), await peer.ask({ do: 'memory' })]
          this.add({
            name,
            ratio: median(pairs.map(([a, b]) => a / b)),
            ours: median(pairs.map(([a]) => a)),
            peer: median(pairs.map(([, b]) => b)),
            unit: 'ms',
            memoryRatio: (memory.peak as number) / (peerMemory.peak as number),
            runs: this.runs,
          })
        }
      } finally {
        ours.end()
        peer.end()
      }
    }
  }

  /**
   * Alternates steps of schedulers on the backend that runs take by default, without the network, and with noise that
   * is already drawn; drawing it is a
   * part of its own. A step is all between two calls of the network: from its output to the scaled sample, whose values it is given.
   */
  async compareSchedulers(): Promise<void> {
    if (!this.wants('scheduler-steps')) return
    const { threads } = this.options
    const ours = new ModelProcess(process.execPath, [join(__dirname, 'scheduler-steps-server.js')])
    const peer = new ModelProcess(this.python, [join(peers, 'scheduler_steps.py'), threads])
    const shape = [1, 4, 64, 64]
    const classes = new Set(Object.values(schedulerNames).map(({ schedulerClass }) => schedulerClass.name))
    const requests = [...classes].map(scheduler => ({
      part: scheduler.replace('Scheduler', ''),
      // SCM takes another number only with other options.
      request: {
        do: 'run',
        scheduler,
        settings: LATENTS,
        steps: scheduler === 'SCMScheduler' ? 2 : 20,
        rounds: 20,
        shape,
      },
    }))
    try {
      for (const { part, request } of [...requests, { part: 'noise', request: { do: 'draw', rounds: 400, shape } }]) {
        const time = async (side: ModelProcess) => median((await side.ask(request)).microseconds as readonly number[])
        // What is compiled in the first rounds is none of the usual ones.
        for (let i = 0; i < 2; i++) await time(ours)
        await time(peer)
        const pairs: [number, number][] = []
        for (let i = 0; i < this.runs; i++) pairs.push([await time(ours), await time(peer)])
        this.add({
          name: `scheduler-steps/${part}`,
          ratio: median(pairs.map(([a, b]) => a / b)),
          ours: median(pairs.map(([a]) => a)),
          peer: median(pairs.map(([, b]) => b)),
          unit: 'µs',
          memoryRatio: null,
          runs: this.runs,
        })
      }
    } finally {
      ours.end()
      peer.end()
    }
  }

  /** Alternates whole processes, each up to its first step: one with a folder in 8 bits, the other with the folder of float16 that it was made of. */
  async compareFirstSteps(name: string, folder: string): Promise<void> {
    if (!this.wants(name)) return
    const quantized = join(this.options.models, 'sd15-unet-int8')
    if (!existsSync(quantized)) await writeQuantized(join(folder, 'unet'), quantized)
    const program = [join(__dirname, 'first-step.js')]
    const settings = ['256', this.options.threads]
    await this.compareProcesses(
      name,
      [...program, quantized, ...settings],
      [...program, join(folder, 'unet'), ...settings],
      {
        program: process.execPath,
      },
    )
  }

  /** Alternates whole processes. */
  async compareProcesses(
    name: string,
    ours: readonly string[],
    peer: readonly string[],
    { runs = this.runs, program = this.python }: { runs?: number; program?: string } = {},
  ): Promise<void> {
    if (!this.wants(name)) return
    const pairs: [ProcessCost, ProcessCost][] = []
    for (let i = 0; i < runs; i++) {
      pairs.push([await watchProcess(process.execPath, ours), await watchProcess(program, peer)])
    }
    const memory = pairs.map(([a, b]) => (a.peak === undefined || b.peak === undefined ? Number.NaN : a.peak / b.peak))
    this.add({
      name,
      ratio: median(pairs.map(([a, b]) => a.seconds / b.seconds)),
      ours: median(pairs.map(([a]) => a.seconds)),
      peer: median(pairs.map(([, b]) => b.seconds)),
      unit: 's',
      memoryRatio: memory.some(Number.isNaN) ? null : median(memory),
      runs,
    })
  }
}

async function compareWithPyTorch(options: Options): Promise<void> {
  const versions = peerVersions(python)
  if (versions === undefined) {
    console.log(
      `\nThe models are not compared: torch, diffusers or transformers does not load in ${python}.\n` +
        'Run bench/peers/create-environment.sh to make an environment, or set TESSERAE_PYTHON to the interpreter of another.',
    )
    return
  }
  console.log(`Compared with: ${versions.join(', ')}`)
  const bench = new Bench(options, python, describeEnvironment([...ourVersions(root), ...versions]))
  const { threads } = options
  const out = await mkdtemp(join(tmpdir(), 'tesserae-bench-'))
  const cli = join(root, 'dist', 'cli', 'main.js')
  const generate = (model: string, steps: number, size: readonly string[]) => {
    const settings = ['--steps', String(steps), ...size, '--guidance', '4', '--seed', '1', '--threads', threads]
    return {
      ours: [cli, 'generate', 'red apple', '--model', model, ...settings, '--out', join(out, 'ours.png')],
      peer: [join(peers, 'generate.py'), model, 'red apple', ...settings, '--out', join(out, 'peer.png')],
    }
  }
  try {
    await bench.compareSchedulers()
    const emoji = generate(join(root, 'models', 'emoji'), 25, [])
    await bench.compareProcesses('emoji-end-to-end', emoji.ours, emoji.peer, { runs: 2 * bench.runs })
    if (
      [
        'sd15-first-step',
        'sd15-first-step-int8',
        'sd15-512-run',
        'sd15-unet-256',
        'sd15-unet-512',
        'sd15-vae-decode-512',
        'clip-l-text',
      ].some(name => bench.wants(name))
    ) {
      const folder = bench.checkpoint('sd15')
      await bench.compareProcesses(
        'sd15-first-step',
        [join(__dirname, 'first-step.js'), join(folder, 'unet'), '256', threads],
        [join(peers, 'first_step.py'), folder, '--size', '256', '--threads', threads],
      )
      await bench.compareModels([
        { component: 'text_encoder', folder, sizes: [{ name: 'clip-l-text', size: 0 }] },
        { component: 'vae', folder, sizes: [{ name: 'sd15-vae-decode-512', size: 512 }] },
        {
          component: 'unet',
          folder,
          sizes: [
            { name: 'sd15-unet-256', size: 256 },
            { name: 'sd15-unet-512', size: 512 },
          ],
        },
      ])
      await bench.compareFirstSteps('sd15-first-step-int8', folder)
      const whole = generate(folder, RUN_STEPS, ['--size', '512'])
      await bench.compareProcesses('sd15-512-run', whole.ours, whole.peer, { runs: 1 })
    }
    const draw = (kind: Quantization | undefined) => drawQuantized(kind, { threads: Number(threads) })
    for (const kind of ['int8', 'int4'] as const) {
      const name = `emoji-${kind}-psnr`
      if (!bench.wants(name)) continue
      const [floats, quantized] = [await draw(undefined), await draw(kind)]
      bench.add({ name, ...qualityOf(quantized, floats) })
    }
    for (const size of [256, 512]) {
      const name = `sd15-unet-${size}-int8`
      if (bench.wants(name)) await bench.compareQuantized({ name, folder: bench.checkpoint('sd15'), size })
    }
    const quantizedXL = [
      { name: 'sdxl-unet-512-int8', size: 512, engines: ['float32'] },
      { name: 'sdxl-unet-1024-int8', size: 1024, engines: ['float32', 'bfloat16'] },
    ] as const
    for (const given of quantizedXL) {
      if (bench.wants(given.name)) await bench.compareQuantized({ ...given, folder: bench.checkpoint('sdxl-unet') })
    }
    const sdxlSizes = [
      { name: 'sdxl-unet-512', size: 512 },
      { name: 'sdxl-unet-1024', size: 1024 },
    ]
    if (sdxlSizes.some(({ name }) => bench.wants(name))) {
      const folder = bench.checkpoint('sdxl-unet')
      await bench.compareModels([{ component: 'unet', folder, sizes: sdxlSizes }])
    }
    if (bench.wants('sdxl-1024-run')) {
      const { ours, peer } = generate(bench.checkpoint('sdxl'), XL_RUN_STEPS, ['--size', '1024'])
      await bench.compareProcesses('sdxl-1024-run', ours, peer, { runs: 1 })
    }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
  console.log(`\n${resultsTable(bench.results)}`)
}

/** The comparisons with something else than the models of PyTorch. */
const OTHERS: Readonly<Record<string, (options: Options) => unknown>> = {
  overhead: measureOverhead,
  'type-check': measureTypeCheck,
  'older-processor': measureOlderProcessor,
  // In a process of its own: it is about one event loop.
  'event-loop': ({ models }) =>
    execFileSync(process.execPath, [join(__dirname, 'event-loop.js'), join(root, 'models', 'emoji'), models], {
      stdio: 'inherit',
    }),
}

const NAMES = [...Object.keys(OTHERS), ...Object.keys(explanations)]

/** Comparisons that are made if they are named: it needs tools beside Node and Python. */
const ON_REQUEST = ['older-processor']

/** The names of an option, none of them unknown. */
function readNames(text: string): string {
  const unknown = text.split(',').filter(name => !NAMES.includes(name))
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no ${unknown.join(', ')}.`)
  return text
}

new Command('bench')
  .description('Compares with PyTorch diffusers in the same run.')
  .option('--only <names>', `comparisons to make, joined by commas: ${NAMES.join(', ')}`, readNames)
  .option('--runs <number>', 'runs of each side', '5')
  .option('--threads <number>', 'threads of each side', String(availableParallelism()))
  .option('--models <folder>', 'where the checkpoints of random weights are made', join(root, 'bench', '.models'))
  .action(async (options: Options) => {
    const names = options.only?.split(',') ?? NAMES.filter(name => !ON_REQUEST.includes(name))
    console.log(`Versions: ${ourVersions(root).join(', ')}`)
    for (const [name, measure] of Object.entries(OTHERS)) if (names.includes(name)) await measure(options)
    if (names.some(name => !(name in OTHERS))) await compareWithPyTorch(options)
  })
  .parseAsync()
