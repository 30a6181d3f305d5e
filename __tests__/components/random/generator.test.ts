import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import type { GeneratorDType } from '../../../components/random/draw-loops'
import { Generator } from '../../../components/random/generator'
import { InvalidDrawError } from '../../../components/random/invalid-draw-error'
import { InvalidGeneratorStateError } from '../../../components/random/invalid-generator-state-error'
import { InvalidSeedError } from '../../../components/random/invalid-seed-error'
import '../../../testing/jest'

const folder = join(__dirname, '../../goldens/rng/torch_cpu')

interface Draw {
  draw: 'rand' | 'randn' | 'randint'
  shape: number[]
  dtype: GeneratorDType
  low: number
  high: number
  output: { tensor: string }
}

const { programs } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as {
  programs: { seed: number; draws: Draw[] }[]
}

const TOLERANCE: Record<GeneratorDType, number> = { float32: 2e-6, float64: 2e-6, float16: 2e-3, bfloat16: 2e-2 }

describe('Generator', () => {
  describe('draws what PyTorch draws', () => {
    let golden: SafetensorsFile

    beforeAll(async () => {
      golden = await SafetensorsFile.open(join(folder, 'io.safetensors'))
    })

    afterAll(() => golden.close())

    async function expected(key: string): Promise<number[]> {
      const { buffer } = await golden.readBytes(key)
      switch (golden.info(key).dtype) {
        case 'I64':
          return Array.from(new BigInt64Array(buffer), Number)
        case 'F64':
          return [...new Float64Array(buffer)]
        default:
          return [...(await golden.readFloat32(key))]
      }
    }

    test.each(programs)('seed $seed: $draws', async ({ seed, draws }) => {
      const generator = new Generator(seed)
      for (const { draw, shape, dtype, low, high, output } of draws) {
        const reference = await expected(output.tensor)
        if (draw === 'randint') expect([...generator.randint(low, high, shape)]).toEqual(reference)
        else if (draw === 'rand') expect([...generator.rand(shape, dtype)]).toEqual(reference)
        else expect(generator.randn(shape, dtype)).toBeCloseToTensor(reference, { atol: TOLERANCE[dtype] })
      }
    })
  })

  test('draws bfloat16 as rounded float32', () => {
    // torch.rand(5, generator=torch.Generator().manual_seed(3), dtype=torch.bfloat16)
    expect([...new Generator(3).rand([5], 'bfloat16')]).toEqual([
      0.0042724609375, 0.10546875, 0.28515625, 0.0269775390625, 0.470703125,
    ])
  })

  test('draws nothing for an empty shape', () => {
    const generator = new Generator(0)
    expect(generator.randn([2, 0])).toHaveLength(0)
    expect(generator.rand([3])).toEqual(new Generator(0).rand([3]))
  })

  test('draws one number for a shape without dimensions', () => {
    expect(new Generator(0).randn([])).toHaveLength(1)
  })

  test('draws numbers of the normal distribution', () => {
    const values = new Generator(12).randn([200_000])
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(0.01)
    expect(Math.abs(variance - 1)).toBeLessThan(0.02)
  })

  test('draws whole numbers within any bounds', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.nat(), (a, b, seed) => {
        fc.pre(a !== b)
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        for (const value of new Generator(seed).randint(low, high, [4])) {
          expect(Number.isSafeInteger(value) && value >= low && value < high).toBe(true)
        }
      }),
    )
  })

  describe('the seed', () => {
    test('counts with its low 32 bits', () => {
      const expected = new Generator(7).randn([20])
      expect(new Generator(2 ** 32 + 7).randn([20])).toEqual(expected)
      expect(new Generator(2n ** 63n + 7n).randn([20])).toEqual(expected)
    })

    test('is what was given', () => {
      expect(new Generator(5).seed).toBe(5)
      expect(new Generator(2n ** 64n - 1n).seed).toBe(2n ** 64n - 1n)
      expect(new Generator(5).manualSeed(6).seed).toBe(6)
    })

    test('below zero is what its 64 bits are', () => {
      // torch.rand(2, generator=torch.Generator().manual_seed(-1))
      const drawn = [expect.closeTo(0.99379939, 8), expect.closeTo(0.57130635, 8)]
      for (const seed of [-1, -1n, 2n ** 64n - 1n]) expect([...new Generator(seed).rand([2])]).toEqual(drawn)
      expect([new Generator(-1).seed, new Generator(-1).initialSeed()]).toEqual([-1, 2n ** 64n - 1n])
      expect([new Generator(5n).initialSeed(), new Generator(-(2n ** 63n)).initialSeed()]).toEqual([5, 2n ** 63n])
    })

    test('can be made a random one, which repeats the draws', () => {
      const generator = new Generator(1)
      const seed = generator.reseed()
      expect(generator.seed).toBe(seed)
      expect(generator.randn([20])).toEqual(new Generator(seed).randn([20]))
      expect(generator.reseed()).not.toBe(seed)
    })

    test('is random if none is given, and repeats the draws', () => {
      const generator = new Generator()
      expect(generator.seed).not.toBe(new Generator().seed)
      expect(new Generator(generator.seed).randn([20])).toEqual(generator.randn([20]))
    })

    test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2n ** 63n) - 1n, 2n ** 64n])(
      'cannot be %s',
      seed => {
        expect(() => new Generator(seed)).toThrow(InvalidSeedError)
        expect(() => new Generator(0).manualSeed(seed)).toThrow(
          /whole number from -2\^63 \(-9223372036854775808\) to 2\^64 - 1 \(18446744073709551615\)/,
        )
      },
    )

    test('set again begins the stream again, without the number kept from a pair', () => {
      const generator = new Generator(1)
      generator.randn([3])
      expect(generator.manualSeed(1).randn([3])).toEqual(new Generator(1).randn([3]))
    })
  })

  describe('copies', () => {
    function used(): Generator {
      const generator = new Generator(9)
      generator.randn([3])
      generator.rand([700])
      return generator
    }

    test('continue where the original is, each on its own', () => {
      const generator = used()
      const copy = generator.clone()
      const draws = [...copy.randn([5]), ...copy.rand([1000])]
      expect([...generator.randn([5]), ...generator.rand([1000])]).toEqual(draws)
      expect(copy.seed).toBe(9)
    })

    test('for a run with a seed begin with that seed', () => {
      expect(used().forRun({ seed: 4 }).randn([20])).toEqual(new Generator(4).randn([20]))
    })

    test('for runs without a seed share no stream', () => {
      const generator = used()
      const first = generator.forRun({})
      const second = generator.forRun({})
      const draws = first.randn([5])
      expect(second.randn([5])).toEqual(draws)
      expect(generator.randn([5])).toEqual(draws)
    })
  })

  describe('the state', () => {
    const digest = (generator: Generator) =>
      createHash('sha256').update(generator.getState()).digest('hex').slice(0, 16)

    test('is, byte for byte, what PyTorch saves', () => {
      // torch.Generator().manual_seed(5).get_state(); after torch.randn(3); and of seed -3 after torch.randn(3) and torch.rand(620)
      const generator = new Generator(5)
      expect(digest(generator)).toBe('f4ef6f460154679c')
      generator.randn([3])
      expect(digest(generator)).toBe('b4d410285f91ff27')
      const other = new Generator(-3)
      other.randn([3])
      other.rand([620])
      expect(digest(other)).toBe('7612193bedad9cc2')
    })

    test('brings any generator to the same place', () => {
      fc.assert(
        fc.property(
          fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          fc.nat(15),
          fc.nat(1300),
          (seed, normals, uniforms) => {
            const generator = new Generator(seed)
            generator.rand([uniforms])
            generator.randn([normals])
            const other = new Generator().setState(generator.getState())
            expect(other.initialSeed()).toBe(generator.initialSeed())
            expect(other.randn([3])).toEqual(generator.randn([3]))
            expect(other.rand([700])).toEqual(generator.rand([700]))
            expect(other.getState()).toEqual(generator.getState())
          },
        ),
        { numRuns: 30 },
      )
    })

    test('does not change with the generator', () => {
      const generator = new Generator(5)
      const state = generator.getState()
      const draws = generator.randn([700])
      expect(generator.setState(state).randn([700])).toEqual(draws)
    })

    test('is refused if it is not a state', () => {
      const state = new Generator(5).getState()
      const set = (bytes: Uint8Array) => () => new Generator(0).setState(bytes)
      expect(set(state.slice(1))).toThrow(InvalidGeneratorStateError)
      expect(set(state.slice(1))).toThrow('The state of a generator has 5055 bytes instead of 5056')
      expect(set(new Uint8Array(5056))).toThrow('is not one of mt19937')
      expect(set(state.with(16, 9))).toThrow('is not one of mt19937')
    })
  })

  describe('draws whole numbers of 64 bits', () => {
    test.each([
      [0n, 2n ** 63n - 1n, [937055941807507097n, 3839649608876091012n, 5366245355481424840n]],
      [-(2n ** 63n), 2n ** 63n - 1n, [937055941807507096n, 3839649608876091011n, -3857126681373350968n]],
      [-5n, 5n, [1n, 3n, 2n]],
    ])('from %p to %p', (low, high, expected) => {
      // torch.randint(low, high, (3,), generator=torch.Generator().manual_seed(3))
      expect([...new Generator(3).randint(low, high, [3])]).toEqual(expected)
    })

    test.each([
      [1n, 1n],
      [0n, 2n ** 63n],
      [-(2n ** 63n) - 1n, 0n],
    ])('not from %p to %p', (low, high) => {
      expect(() => new Generator(0).randint(low, high, [1])).toThrow(InvalidDrawError)
    })
  })

  test.each([[[-1]], [[1.5]], [[2, Number.NaN]]])('refuses the shape %p', shape => {
    const generator = new Generator(0)
    expect(() => generator.randn(shape)).toThrow(InvalidDrawError)
    expect(() => generator.rand(shape)).toThrow(/whole numbers of at least 0/)
    expect(() => generator.randint(0, 1, shape)).toThrow(InvalidDrawError)
  })

  test.each([
    [1, 1],
    [2, 1],
    [0, 1.5],
    [0, Number.POSITIVE_INFINITY],
    [-(2 ** 52), 2 ** 53 - 1],
  ])('refuses whole numbers from %p to %p', (low, high) => {
    expect(() => new Generator(0).randint(low, high, [1])).toThrow(InvalidDrawError)
  })
})
