/** Shows what 8 bits bring on processors without VNNI, with the kernels that ONNX Runtime has for these. Needs Linux on x64, a C compiler and objdump. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from './median'
import { ModelProcess } from './model-process'

// Compiled files are in dist/bench.
const root = join(__dirname, '..', '..')

/** What is measured. */
interface Options {
  readonly runs: string
  readonly threads: string
  /** Folder of the checkpoints: that of a UNet of Stable Diffusion 1.5's size must be there. */
  readonly models: string
}

/** The processors, by what they lack. */
const PROCESSORS = [
  { title: 'this processor', hidden: undefined },
  { title: 'AVX-512 without VNNI', hidden: 'vnni' },
  { title: 'AVX2', hidden: 'avx512' },
] as const

/** Pixels of the step. */
const SIZE = 256

/** Prints, for each kind of processor, a step in 8 bits ÷ one in float32, and whether `auto` chooses 8 bits. */
export async function measureOlderProcessor({ runs, threads, models }: Options): Promise<void> {
  const folder = join(models, 'sd15')
  if (!existsSync(join(folder, 'unet'))) throw new Error(`${folder} is missing. Run --only sd15-unet-256 first.`)
  const temporary = await mkdtemp(join(tmpdir(), 'tesserae-older-'))
  try {
    const library = join(temporary, 'older-processor.so')
    execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, join(root, 'bench', 'older-processor.c'), '-ldl'])
    const places = await placesOfCpuid(runtimeLibrary())
    console.log('| processor | int8 ÷ float32 | `auto` |\n|---|---|---|')
    for (const { title, hidden } of PROCESSORS) {
      const hiding = { HIDDEN: hidden, CPUID_PLACES: places.join(' '), LD_PRELOAD: library }
      const found = await compareWithFloats(folder, { threads, runs: Number(runs), env: hidden ? hiding : {} })
      console.log(`| ${title} | ${found.ratio.toFixed(2)} | ${found.choice} |`)
    }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Alternates steps of two processes. */
async function compareWithFloats(
  folder: string,
  { threads, runs, env }: { threads: string; runs: number; env: NodeJS.ProcessEnv },
): Promise<{ ratio: number; choice: string }> {
  const start = () => new ModelProcess(process.execPath, [join(__dirname, 'model-server.js'), threads], env)
  const [floats, quantized] = [start(), start()]
  const load = { do: 'load', component: 'unet', folder }
  const run = { do: 'run', component: 'unet', size: SIZE }
  try {
    const { quantization } = await floats.ask({ ...load, quantization: 'auto' })
    await floats.ask(load)
    await quantized.ask({ ...load, quantization: 'int8' })
    // The first run of each is none of its usual ones.
    for (const side of [floats, quantized]) await side.ask(run)
    const ratios: number[] = []
    for (let i = 0; i < runs; i++) {
      const [ours, float32] = [await quantized.time(run), await floats.time(run)]
      ratios.push(ours / float32)
    }
    return { ratio: median(ratios), choice: String(quantization) }
  } finally {
    for (const side of [floats, quantized]) side.end()
  }
}

/** The file of ONNX Runtime, beside which its bindings lie. */
function runtimeLibrary(): string {
  const main = require.resolve('onnxruntime-node')
  return join(dirname(main), '..', 'bin', 'napi-v6', 'linux', 'x64', 'libonnxruntime.so.1')
}

/** Where a library asks the processor what it is. @throws Error if objdump fails or finds no such place */
async function placesOfCpuid(library: string): Promise<string[]> {
  const disassembly = spawn('objdump', ['-d', '--no-show-raw-insn', library], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(disassembly, 'close').catch((error: Error) => {
    throw new Error(`objdump cannot be run: ${error.message}. Install binutils.`, { cause: error })
  })
  // It may fail while the lines are read, before anything waits for it.
  ended.catch(() => undefined)
  const places: string[] = []
  for await (const line of createInterface({ input: disassembly.stdout })) {
    const [, place] = /^ *([0-9a-f]+):\s+cpuid/.exec(line) ?? []
    if (place !== undefined) places.push(place)
  }
  const [status] = (await ended) as [number | null]
  if (status !== 0) throw new Error(`objdump failed on ${library}, with status ${status}.`)
  if (places.length === 0) throw new Error(`objdump found no cpuid instruction in ${library}.`)
  return places
}
