/**
 * `node dist/bench/adapters.js [size]`: what two LoRAs and a ControlNet add to one call of a UNet of Stable Diffusion 1.5's size, for a picture of that many pixels
 * with guidance. All weights are zeros, which changes no time. A model keeps one session, so that calls of one kind follow each other; the first makes it.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ControlNetModel, tf, UNet2DConditionModel } from 'tesserae'
import { EVERYWHERE, layerWeights } from '../components/adapters/lora/block-weights'
import type { LoraNetwork } from '../components/adapters/lora/lora-network'
import { readLora } from '../components/adapters/lora/read-lora'
import type { PretrainedModel } from '../components/models/pretrained-model'
import { familyConfigs } from '../components/single-file/family-configs'
import { median } from './median'
import { shapesOf, writeSparse } from './sparse-weights'

const CALLS = 4
const ROUNDS = 2
const RANKS = [8, 16]

/** The layers that most LoRAs change. */
const ATTENTION = /attn[12]\.to_(?:q|k|v|out\.0)\.weight$/

interface SparseClass<T extends PretrainedModel> {
  fromConfig(config: Record<string, unknown>): PretrainedModel
  fromPretrained(folder: string, options: { executor: 'graph' }): Promise<T>
}

/** A model of zeros. */
async function sparse<T extends PretrainedModel>(
  type: SparseClass<T>,
  folder: string,
  config: Record<string, unknown>,
): Promise<T> {
  await mkdir(folder)
  await writeFile(join(folder, 'config.json'), JSON.stringify(config))
  await writeSparse(join(folder, 'diffusion_pytorch_model.safetensors'), shapesOf(type.fromConfig(config)), 'F32')
  return type.fromPretrained(folder, { executor: 'graph' })
}

/** A LoRA for all layers of attention. */
async function writeLora(file: string, unet: UNet2DConditionModel, rank: number): Promise<void> {
  const shapes = new Map<string, readonly number[]>()
  for (const [name, { shape }] of unet.namedParameters()) {
    if (!ATTENTION.test(name)) continue
    const [out = 0, into = 0] = shape
    const layer = `unet.${name.replace(/\.weight$/, '')}`
    shapes.set(`${layer}.lora_A.weight`, [rank, into]).set(`${layer}.lora_B.weight`, [out, rank])
  }
  await writeSparse(file, shapes, 'F32')
}

/** Times calls of each kind, in rounds. */
async function compare(
  kinds: Readonly<Record<string, (call: number) => Promise<void>>>,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(kinds)) {
      await run(0)
      for (let call = 1; call <= CALLS; call++) {
        const begin = performance.now()
        await run(call)
        times.set(name, [...(times.get(name) ?? []), performance.now() - begin])
      }
    }
  }
  return times
}

function print(times: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, values] of times) {
    console.log(`${name}: median ${median(values).toFixed(0)} ms, least ${Math.min(...values).toFixed(0)} ms`)
  }
  const [base = '', other = ''] = times.keys()
  const [one, two] = [times.get(base) ?? [], times.get(other) ?? []]
  const ratio = `${(median(two) / median(one)).toFixed(2)} by medians, ${(Math.min(...two) / Math.min(...one)).toFixed(2)} by the least`
  console.log(`${other} ÷ ${base}: ${ratio}`)
}

async function main(): Promise<void> {
  const size = Number(process.argv[2] ?? 256)
  const top = await mkdtemp(join(tmpdir(), 'tesserae-adapters-'))
  try {
    const configs = familyConfigs['stable-diffusion-1']
    const unet = await sparse(UNet2DConditionModel, join(top, 'unet'), configs.unet ?? {})
    const side = size / 8
    const inputs = {
      sample: tf.randomNormal<tf.Rank.R4>([2, side, side, 4]),
      timestep: 501,
      encoderHiddenStates: tf.randomNormal<tf.Rank.R3>([2, 77, 768]),
    }
    const finish = async (tensor: tf.Tensor) => {
      await tensor.data()
      tensor.dispose()
    }

    const networks: LoraNetwork[] = []
    for (const rank of RANKS) {
      const file = join(top, `lora-${rank}.safetensors`)
      await writeLora(file, unet, rank)
      networks.push(...(await readLora(file, { unet })))
    }
    const hooks = (scale: number) => networks.flatMap(each => each.hooks(unet, layerWeights(EVERYWHERE, 'unet', scale)))
    print(
      await compare({
        'UNet alone': async () => finish(await unet.call(inputs)),
        'UNet with two LoRAs': async call => finish(await unet.call(inputs, { hooks: hooks(0.5 + call / 10) })),
      }),
    )

    const controlnet = await sparse(ControlNetModel, join(top, 'controlnet'), configs.controlnet ?? {})
    const picture = tf.randomUniform<tf.Rank.R4>([1, size, size, 3])
    const sources = controlnet.residualSources({ pictures: [picture], scales: [1], guessMode: false })
    print(
      await compare({
        'one session': async () => finish(await unet.call(inputs, { residuals: sources })),
        'maps through arrays': async () => {
          const maps = await controlnet.call({ ...inputs, controlnetCond: picture })
          const down = maps.downBlockResSamples
          const added = { downBlockAdditionalResiduals: down, midBlockAdditionalResidual: maps.midBlockResSample }
          await finish(await unet.call({ ...inputs, ...added }))
          tf.dispose([...down, maps.midBlockResSample])
        },
      }),
    )
    for (const model of [unet, controlnet]) model.dispose()
  } finally {
    await rm(top, { recursive: true })
  }
}

void main()
