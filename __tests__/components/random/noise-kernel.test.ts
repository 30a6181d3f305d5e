import fc from 'fast-check'
import { toChannelsLast } from '../../../components/random/channels-last'
import { Generator } from '../../../components/random/generator'
import { fillNormal } from '../../../components/random/large-draws'
import { MersenneTwister } from '../../../components/random/mersenne-twister'
import { type NoiseKernel, noiseKernel } from '../../../components/random/noise-kernel'

/** How many values the kernel works on at once. */
const CHUNK = 16384

/** Around blocks of 16, around the engine's 624 words, and around chunks. */
const SIZES = [16, 31, 32, 33, 63, 100, 623, 624, 625, 640, 1248, 4099, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 17]
const LARGE_SIZES = [2 * CHUNK, 2 * CHUNK + 5, 65541]

/** What the engine makes 24 bits of ones of. */
const WORD_OF_ONES = 0xf62d7a6f

/** The modules as they are where there is no WebAssembly. */
function withoutWebAssembly<Module>(load: () => Module): Module {
  const property = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly') as PropertyDescriptor
  Reflect.deleteProperty(globalThis, 'WebAssembly')
  try {
    let module: Module | undefined
    jest.isolateModules(() => {
      module = load()
    })
    return module as Module
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', property)
  }
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length)
  // NaN stays NaN, which is never less than anything.
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] as number))), 0)
}

describe('NoiseKernel', () => {
  let kernel: NoiseKernel

  beforeAll(() => {
    kernel = noiseKernel() as NoiseKernel
    expect(kernel).toBeDefined()
  })

  describe('draws what plain JavaScript draws', () => {
    test.each([...SIZES, ...LARGE_SIZES])('%d numbers, and leaves the engine where it does', size => {
      for (const drawn of [0, 1, 7, 623, 624, 625]) {
        const engine = new MersenneTwister(size)
        for (let i = 0; i < drawn; i++) engine.next32()
        const plain = engine.clone()
        const [values, expected] = [new Float32Array(size), new Float32Array(size)]
        kernel.fillNormal(values, engine)
        fillNormal(expected, plain, { drawsRest: true })
        expect(largestDifference(values, expected)).toBeLessThan(1e-6)
        expect(engine.state).toEqual(plain.state)
      }
    })

    test('in any order of draws', () => {
      const draw = fc.oneof(
        fc.record({ kind: fc.constant('randn' as const), size: fc.oneof(fc.nat(1300), fc.constantFrom(...SIZES)) }),
        fc.record({ kind: fc.constantFrom('rand' as const, 'randint' as const), size: fc.nat(700) }),
        fc.record({ kind: fc.constantFrom('clone' as const, 'save' as const), size: fc.constant(0) }),
      )
      const plain = withoutWebAssembly(
        () => require('../../../components/random/generator') as { Generator: typeof Generator },
      )
      const run = (generator: Generator, kind: string, size: number): [Generator, Float32Array | Float64Array] => {
        if (kind === 'randn') return [generator, generator.randn([size])]
        if (kind === 'rand') return [generator, generator.rand([size])]
        if (kind === 'randint') return [generator, generator.randint(0, 1000, [size])]
        const copy = kind === 'clone' ? generator.clone() : generator.setState(generator.getState())
        return [copy, new Float32Array(0)]
      }
      fc.assert(
        fc.property(fc.nat(), fc.array(draw, { maxLength: 12 }), (seed, draws) => {
          let [fast, slow] = [new Generator(seed), new plain.Generator(seed)]
          for (const { kind, size } of draws) {
            const [fastNext, values] = run(fast, kind, size)
            const [slowNext, expected] = run(slow, kind, size)
            if (values instanceof Float32Array && expected instanceof Float32Array && kind === 'randn') {
              expect(largestDifference(values, expected)).toBeLessThan(1e-6)
            } else expect(values).toEqual(expected)
            ;[fast, slow] = [fastNext, slowNext]
          }
          expect(fast.getState()).toEqual(slow.getState())
        }),
        { numRuns: 60 },
      )
    })
  })

  test('draws the smallest and the largest radius', () => {
    const draw = (word: number) => {
      const words = new Uint32Array(624).fill(word)
      const values = new Float32Array(16)
      kernel.fillNormal(values, MersenneTwister.at({ words, next: 0, left: 625 }))
      return values
    }
    // Uniform numbers of 0, whose complement has the logarithm 0; and of 1 - 2^-24, of which the engine makes this word.
    expect(largestDifference(draw(0), new Float32Array(16))).toBe(0)
    const radius = Math.sqrt(48 * Math.LN2)
    const angle = Math.fround(Math.fround(2 * Math.PI) * (1 - 2 ** -24))
    const pair = Float32Array.of(radius * Math.cos(angle), radius * Math.sin(angle))
    expect(
      largestDifference(
        draw(WORD_OF_ONES).filter((_, i) => i % 8 === 0),
        pair,
      ),
    ).toBeLessThan(1e-6)
  })

  test('keeps nothing between the draws of generators', () => {
    const [first, second] = [new Generator(1), new Generator(2)]
    const expected = [new Generator(1).randn([2000]), new Generator(2).randn([2000])]
    const halves = [first.randn([1008]), second.randn([1008]), first.randn([992]), second.randn([992])]
    expect([...(halves[0] as Float32Array), ...(halves[2] as Float32Array)]).toEqual([...(expected[0] as Float32Array)])
    expect([...(halves[1] as Float32Array), ...(halves[3] as Float32Array)]).toEqual([...(expected[1] as Float32Array)])
  })

  describe('rearranges images', () => {
    const { toChannelsLast: plainly } = withoutWebAssembly(
      () => require('../../../components/random/channels-last') as { toChannelsLast: typeof toChannelsLast },
    )

    test.each([
      [[1, 64, 64, 4]],
      [[2, 65, 63, 4]],
      [[3, 13, 11, 16]],
      [[1, 129, 127, 8]],
      [[1, 100, 90, 12]],
      [[2, 2, 1, 4096]],
      [[1, 1, 3, 4100]],
      [[1, 30, 30, 3]],
      [[2, 0, 8, 4]],
    ])('of the shape %j', shape => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i)
      expect(toChannelsLast(values, shape)).toEqual(plainly(values, shape))
    })
  })

  test('is missing where WebAssembly is', () => {
    const load = () => require('../../../components/random/noise-kernel') as { noiseKernel: typeof noiseKernel }
    expect(withoutWebAssembly(() => load().noiseKernel())).toBeUndefined()
  })
})
