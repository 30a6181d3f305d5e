/** Compares models in 8 bits with PyTorch and OpenVINO. */
import { join } from 'node:path'
import { UNet2DConditionModel } from 'tesserae'
import { median } from './median'
import { ModelProcess } from './model-process'
import type { Comparison } from './results'

/** What computes the same step: diffusers in float32 and bfloat16, the latter also compiled, and OpenVINO in bfloat16. */
const ENGINES = ['float32', 'bfloat16', 'compiled', 'openvino'] as const

type Engine = (typeof ENGINES)[number]

/** Where the peers' programs are, and how much is measured. */
export interface QuantizedOptions {
  readonly python: string
  /** Folder of the peers' programs. */
  readonly peers: string
  readonly threads: string
  readonly runs: number
}

/** A step that is compared. */
export interface QuantizedCase {
  readonly name: string
  /** Folder of the model. */
  readonly folder: string
  /** Pixels. */
  readonly size: number
  /** What to compare with: of the largest models, not all peers fit in memory. Float32 must be one. Default: all. */
  readonly engines?: readonly Engine[]
}

/**
 * Alternates runs of a UNet in 8 bits with those of each peer, which is in memory beside it. `ratios` has those of the peers that start here; one that does not
 * is named on stderr.
 */
export async function compareQuantized(
  { name, folder, size, engines = ENGINES }: QuantizedCase,
  { python, peers, threads, runs }: QuantizedOptions,
): Promise<Comparison> {
  const load = { do: 'load', component: 'unet', folder }
  const run = { do: 'run', component: 'unet', size }
  const ours = new ModelProcess(process.execPath, [join(__dirname, 'model-server.js'), threads])
  try {
    await ours.ask({ ...load, quantization: 'int8' })
    // The first run of each is none of its usual ones.
    await ours.ask(run)
    const found: Partial<Record<Engine, { pairs: [number, number][]; peak: number }>> = {}
    for (const engine of engines) {
      const peer = new ModelProcess(python, [join(peers, 'models.py'), '--threads', threads])
      try {
        await peer.ask({ ...load, engine, size })
        await peer.ask(run)
        const pairs: [number, number][] = []
        for (let i = 0; i < runs; i++) pairs.push([await ours.time(run), await peer.time(run)])
        found[engine] = { pairs, peak: (await peer.ask({ do: 'memory' })).peak as number }
      } catch (error) {
        if (engine === 'float32') throw error
        // Some peers print whole tensors.
        console.error(`${name}: ${engine} was left out. ${(error as Error).message.slice(0, 300)}`)
      } finally {
        peer.end()
      }
    }
    const { float32, ...others } = found
    const { pairs, peak } = float32 as NonNullable<typeof float32> // It throws otherwise.
    const ratio = (of: readonly [number, number][]) => median(of.map(([a, b]) => a / b))
    return {
      name,
      ratio: ratio(pairs),
      ours: median(pairs.map(([a]) => a)),
      peer: median(pairs.map(([, b]) => b)),
      unit: 'ms',
      memoryRatio: ((await ours.ask({ do: 'memory' })).peak as number) / peak,
      runs,
      ...(engines.length > 1 && {
        ratios: Object.fromEntries(Object.entries(others).map(([engine, { pairs }]) => [engine, ratio(pairs)])),
      }),
    }
  } finally {
    ours.end()
  }
}

/** Writes a UNet in 8 bits. */
export async function writeQuantized(unet: string, folder: string): Promise<void> {
  console.error(`Making ${folder} …`)
  const model = await UNet2DConditionModel.fromPretrained(unet, { executor: 'graph' })
  await model.savePretrained(folder, { quantization: 'int8' })
  model.dispose()
}
