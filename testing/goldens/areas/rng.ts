/** The `rng` area: draws of the random number generator. */
import type { GeneratorDType } from '../../../components/random/draw-loops'
import { Generator } from '../../../components/random/generator'
import { randnTensor } from '../../../components/random/randn-tensor'
import { expectClose } from '../compare'
import { type GoldenCase, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { toChannelsFirst } from '../layout'

const EXACT: Tolerance = { atol: 0, rtol: 0 }
const NORMAL: Tolerance = { atol: 2e-6, rtol: 1e-5 }

interface Draw {
  draw: string
  shape: number[]
  dtype?: GeneratorDType
  low?: number
  high?: number
  output: { tensor: string }
}

/** Checks one case. */
export async function checkRngCase(golden: GoldenCase): Promise<void> {
  const { json } = golden
  if (Array.isArray(json.programs)) return checkPrograms(golden, json.programs as { seed: number; draws: Draw[] }[])
  if (Array.isArray(json.seeds)) return checkBatchedNoise(golden, json.seeds as number[])
  throw new UnsupportedGoldenError('a case of rng without programs or seeds')
}

async function checkPrograms(golden: GoldenCase, programs: readonly { seed: number; draws: Draw[] }[]): Promise<void> {
  for (const { seed, draws } of programs) {
    const generator = new Generator(seed)
    for (const draw of draws) {
      const expected = await golden.tensor(draw.output.tensor)
      const where = `seed ${seed}, ${draw.draw} ${draw.dtype ?? ''} (${draw.output.tensor})`
      expectClose(where, { shape: draw.shape, values: perform(generator, draw) }, expected, tolerance(golden, draw))
    }
  }
}

function perform(generator: Generator, { draw, shape, dtype = 'float32', low = 0, high = 0 }: Draw): ArrayLike<number> {
  if (draw === 'randn') return generator.randn(shape, dtype)
  if (draw === 'rand') return generator.rand(shape, dtype)
  if (draw === 'randint') return generator.randint(low, high, shape)
  throw new UnsupportedGoldenError(`the draw "${draw}"`)
}

function tolerance(golden: GoldenCase, { draw, dtype }: Draw): Tolerance {
  if (draw !== 'randn') return EXACT
  const isHalf = dtype === 'float16' || dtype === 'bfloat16'
  return isHalf ? golden.tolerance(NORMAL, dtype) : golden.tolerance(NORMAL)
}

async function checkBatchedNoise(golden: GoldenCase, seeds: readonly number[]): Promise<void> {
  const outputs = golden.json.outputs as Record<string, { tensor: string }>
  for (const [name, { tensor }] of Object.entries(outputs)) {
    const expected = await golden.tensor(tensor)
    const [batch, channels, height, width] = expected.shape as [number, number, number, number]
    const generator =
      name === 'one_generator' ? new Generator(seeds[0] as number) : seeds.map(seed => new Generator(seed))
    const noise = randnTensor([batch, height, width, channels], generator)
    try {
      expectClose(name, toChannelsFirst(noise), expected, golden.tolerance(NORMAL))
    } finally {
      noise.dispose()
    }
  }
}
