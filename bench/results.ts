/** What the benchmarks found, as JSON for programs and as a table for people. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

/** One comparison, or a part of one: `comparison/part`. `ratio` and `memoryRatio` are ours ÷ PyTorch's. */
export interface Comparison {
  name: string
  ratio: number
  ours: number
  peer: number
  unit: 'µs' | 'ms' | 's'
  memoryRatio: number | null
  runs: number
  /** Ours ÷ those of other peers than PyTorch in float32, by their names. */
  ratios?: Readonly<Record<string, number>>
  /** Machine and versions that it was measured with. */
  environment?: string
}

/** How near pictures are to those of float32: PSNR in dB. */
export interface PictureQuality {
  name: string
  mean: number
  worst: number
  /** How many. */
  pictures: number
  /** Machine and versions that it was measured with. */
  environment?: string
}

/** What a benchmark has found. */
export type Result = Comparison | PictureQuality

/** What each comparison is, and the ratios it must reach. */
export const explanations: Readonly<Record<string, { text: string; limit?: number; memoryLimit?: number }>> = {
  'sd15-unet-256': { text: "a UNet step of Stable Diffusion 1.5's size, 256 px, with guidance", limit: 0.55 },
  'sd15-unet-512': { text: 'the same at 512 px', limit: 0.6 },
  'sd15-vae-decode-512': { text: 'decoding one picture of 512 px', limit: 0.7 },
  'clip-l-text': { text: 'two texts of 77 tokens through CLIP ViT-L/14', limit: 0.8 },
  'sdxl-unet-512': { text: "a UNet step of SDXL's size, 512 px, with guidance" },
  'sdxl-unet-1024': { text: 'the same at 1024 px', limit: 0.6, memoryLimit: 0.6 },
  'sd15-unet-256-int8': { text: 'sd15-unet-256 in 8 bits', limit: 0.2 },
  'sd15-unet-512-int8': { text: 'sd15-unet-512 in 8 bits', limit: 0.3 },
  'sdxl-unet-512-int8': { text: 'sdxl-unet-512 in 8 bits', limit: 0.25 },
  'sdxl-unet-1024-int8': { text: 'sdxl-unet-1024 in 8 bits', limit: 0.6, memoryLimit: 0.6 },
  'emoji-int8-psnr': { text: 'pictures of the bundled model in 8 bits, against those in float32' },
  'emoji-int4-psnr': { text: 'the same with weights of 4 bits' },
  'sd15-first-step-int8': {
    text: 'from process start to the end of the first step, a folder in 8 bits against its float16 folder (second time)',
    limit: 0.7,
  },
  'sd15-first-step': { text: 'from process start to the end of the first step, float16 file, 256 px', limit: 0.7 },
  'sd15-512-run': { text: 'text to image, 512 px, process start to PNG, float16 files', memoryLimit: 0.6 },
  'sdxl-1024-run': {
    text: 'text to image, SDXL, 1024 px, 2 steps, process start to PNG, float16 files',
    memoryLimit: 0.6,
  },
  'scheduler-steps': {
    text: "a scheduler's step on 64 × 64 latents, from the network's output to the values of its next input",
    limit: 1,
  },
  'emoji-end-to-end': { text: 'the bundled model, 25 steps, process start to PNG', limit: 0.25 },
}

/** Where Linux describes its processors. */
const CPUINFO = '/proc/cpuinfo'

/** Instructions that decide how fast products are, by Linux's names: figures in 8 bits and bfloat16 mean little without them. */
const INSTRUCTIONS = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8', 'amx_bf16']

/** Returns those that the processor has, out of the text of Linux's `/proc/cpuinfo`. */
export function instructionsIn(cpuinfo: string): string[] {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' '))
  return INSTRUCTIONS.filter(name => flags.has(name))
}

/** Returns a line that names this machine and the versions. */
export function describeEnvironment(versions: readonly string[]): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const instructions = existsSync(CPUINFO) ? instructionsIn(readFileSync(CPUINFO, 'utf8')) : []
  const processor = instructions.length > 0 ? `${model} (${instructions.join(' ')})` : model
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0)
  return `${processor}, ${cpus().length} processors, ${gibibytes} GiB, ${process.platform} ${process.arch}; ${versions.join(', ')}`
}

/**
 * Replaces results of the same comparisons in `results.json` and `RESULTS.md`, and keeps all others.
 *
 * @throws Error if `results.json` exists and cannot be read, because its results would be lost
 */
export function saveResults(folder: string, results: readonly Result[]): void {
  const file = join(folder, 'results.json')
  const old = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : []
  const all = Object.keys(explanations).flatMap(name => {
    const found = results.filter(result => comparisonOf(result) === name)
    const parts = new Set(found.map(result => result.name))
    const kept = old.filter(result => comparisonOf(result) === name && !parts.has(result.name))
    return [...kept, ...found]
  })
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(join(folder, 'RESULTS.md'), resultsPage(all))
}

function comparisonOf({ name }: Pick<Result, 'name'>): string {
  return name.split('/')[0] as string
}

/** The tables: one of ours and PyTorch's, and those of other peers and of pictures if there are any. */
export function resultsTable(results: readonly Result[]): string {
  const comparisons = results.filter(result => 'ratio' in result)
  const pictures = results.filter(result => 'worst' in result)
  return [comparisonsTable(comparisons), ratiosTable(comparisons), picturesTable(pictures)].filter(Boolean).join('\n\n')
}

function ratiosTable(results: readonly Comparison[]): string {
  const rows = results.flatMap(({ name, ratios }) => {
    if (ratios === undefined) return []
    return `| ${[name, ...PEERS.map(([peer]) => ratios[peer]?.toFixed(2) ?? '–')].join(' | ')} |`
  })
  if (rows.length === 0) return ''
  const head = `| ours ÷ | ${PEERS.map(([, title]) => title).join(' | ')} |`
  return [head, `|---|${'---|'.repeat(PEERS.length)}`, ...rows].join('\n')
}

/** Other peers, and what they are called. */
const PEERS = [
  ['bfloat16', 'PyTorch bfloat16'],
  ['compiled', 'PyTorch bfloat16, compiled'],
  ['openvino', 'OpenVINO bfloat16'],
] as const

function picturesTable(results: readonly PictureQuality[]): string {
  if (results.length === 0) return ''
  const rows = results.map(({ name, mean, worst, pictures }) => {
    return `| ${name} | ${explanations[name]?.text ?? ''} | ${pictures} | ${mean.toFixed(1)} dB | ${worst.toFixed(1)} dB |`
  })
  return ['| name | what | pictures | mean PSNR | worst |', '|---|---|---|---|---|', ...rows].join('\n')
}

function comparisonsTable(results: readonly Comparison[]): string {
  const rows = results.map(({ name, ratio, ours, peer, unit, memoryRatio, runs }) => {
    const { text = '', limit, memoryLimit } = explanations[comparisonOf({ name })] ?? {}
    const amount = (value: number) => `${value.toFixed(unit === 's' ? 2 : 0)} ${unit}`
    const goal = [limit && `≤ ${limit}`, memoryLimit && `memory ≤ ${memoryLimit}`].filter(Boolean).join(', ')
    const cells = [
      name,
      text,
      amount(ours),
      amount(peer),
      ratio.toFixed(2),
      memoryRatio?.toFixed(2) ?? '–',
      goal || '–',
      runs,
    ]
    return `| ${cells.join(' | ')} |`
  })
  const head = '| name | what | ours | PyTorch | ours ÷ PyTorch | peak memory, ours ÷ PyTorch | goal | runs |'
  return [head, '|---|---|---|---|---|---|---|---|', ...rows].join('\n')
}

/** Lists what the comparisons were measured with: rows of different runs share one table. */
function environmentsOf(results: readonly Result[]): string {
  const names = new Map<string, Set<string>>()
  for (const result of results) {
    const { environment = 'machine and versions were not recorded' } = result
    names.set(environment, (names.get(environment) ?? new Set()).add(comparisonOf(result)))
  }
  return [...names].map(([environment, comparisons]) => `- ${[...comparisons].join(', ')}: ${environment}`).join('\n')
}

function resultsPage(results: readonly Result[]): string {
  return `# Benchmark results

Written by \`npm run bench\`: medians of runs that alternate between ours and PyTorch diffusers in float32, with the same number of threads. Figures in
milliseconds change with the machine; the ratios are what counts. The peer's models are already in memory when its steps are timed.

stable-diffusion.cpp is not compared: its PyPI package has no wheels, and it computes whole pictures rather than steps.

${resultsTable(results)}

Measured with:

${environmentsOf(results)}
`
}
