/**
 * PyTorch's random numbers on the CPU: the same seed gives the same numbers. Counterpart: torch.Generator('cpu').
 *
 * The file is long because it documents every kind of draw, at once and in slices; the files that it calls make the numbers.
 */
import type { RunScope, RunScoped } from '../../src/container/run-scoped'
import { isSeed, type Seed, toSeed } from '../../src/params/seed'
import { inPieces, runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { NORMAL_BLOCK } from './box-muller'
import { readGeneratorState, writeGeneratorState } from './generator-state'
import { InvalidDrawError } from './invalid-draw-error'
import { InvalidSeedError } from './invalid-seed-error'
import { fillNormal, fillNormalInPieces, fillUniform } from './large-draws'
import { MersenneTwister } from './mersenne-twister'
import { noiseKernel } from './noise-kernel'
import { roundToBFloat16, roundToFloat16 } from './rounding'

/** The float types whose numbers PyTorch draws. The 16-bit ones differ from float32 by rounding, and in large normal draws. */
export type GeneratorDType = 'float32' | 'float64' | 'float16' | 'bfloat16'

/** Options of a draw that yields to the event loop. */
export interface AsyncDrawOptions {
  /** Default: `float32`. */
  dtype?: GeneratorDType | undefined
  /** Stops the draw; the generator is then where it was before. */
  signal?: AbortSignal | undefined
}

/** Numbers that are drawn before they are asked for, and where the stream is behind them. */
interface EarlyDraw {
  readonly values: Float32Array | Float64Array
  readonly dtype: GeneratorDType
  readonly from: MersenneTwister
  readonly place: number
  readonly engine: MersenneTwister
}

/** Draws of this size and more are worth slices: smaller ones take a millisecond or two. */
const WORTH_SLICES = 2 ** 18

/** Spans of this size and more are drawn from 64 bits instead of 32. */
const LARGE_SPAN = 2 ** 28

/**
 * A stream of random numbers. Every draw moves it on, so the order of draws counts. Numbers of type float16 and bfloat16 are
 * returned rounded, in a Float32Array.
 */
export class Generator implements RunScoped {
  /** Name of the class in files and messages. Bundlers and minifiers may change `name`, which is used if a subclass has no `className`. */
  static readonly className: string = 'Generator'

  private engine: MersenneTwister
  private givenSeed: Seed
  /** The second number of a pair that a small normal draw left over; the next small draw begins with it. */
  private keptNormal: number | undefined
  private early: EarlyDraw | undefined
  /** The asynchronous draw that was asked for last: they wait for one another. */
  private drawing: Promise<unknown> = Promise.resolve()

  /**
   * @param seed a whole number from -2^63 to 2^64 - 1, of which the low 32 bits count, so that -1 is 2^64 - 1; a random one if not
   * given
   * @throws InvalidSeedError
   */
  constructor(seed: Seed = randomSeed()) {
    this.engine = makeEngine(seed)
    this.givenSeed = seed
  }

  /** The seed that the stream began with. */
  get seed(): Seed {
    return this.givenSeed
  }

  /**
   * Begins the stream of another seed.
   *
   * @throws InvalidSeedError
   */
  manualSeed(seed: Seed): this {
    this.engine = makeEngine(seed)
    this.givenSeed = seed
    this.keptNormal = undefined
    return this
  }

  /** The seed that the stream began with, as a whole number of at least 0. Counterpart: torch.Generator.initial_seed */
  initialSeed(): Seed {
    return toSeed(this.seedBits)
  }

  /** Begins the stream of a random seed, and returns that seed. Counterpart: torch.Generator.seed */
  reseed(): number {
    const seed = randomSeed()
    this.manualSeed(seed)
    return seed
  }

  /** The place in the stream, to save it or to go back to it. The bytes are those of torch.Generator.get_state. */
  getState(): Uint8Array {
    return writeGeneratorState({ seed: this.seedBits, engine: this.engine.state, keptNormal: this.keptNormal })
  }

  /**
   * Continues from a place in a stream, which {@link getState} or PyTorch has saved.
   *
   * @throws InvalidGeneratorStateError
   */
  setState(state: Uint8Array): this {
    const { seed, engine, keptNormal } = readGeneratorState(state)
    this.engine = MersenneTwister.at(engine)
    this.givenSeed = toSeed(seed)
    this.keptNormal = keptNormal
    return this
  }

  /** A generator that continues as this one would. */
  clone(): Generator {
    const copy = new Generator(this.givenSeed)
    copy.engine = this.engine.clone()
    copy.keptNormal = this.keptNormal
    return copy
  }

  /** A generator of the run's own: of the run's seed where it has one, otherwise a clone. */
  forRun({ seed }: RunScope): this {
    // The interface asks for `this`, so that a scheduler's copy is of the scheduler's class; there is one class here.
    return (seed === undefined ? this.clone() : new Generator(seed)) as this
  }

  /** The place in the stream. */
  saveRun(): Readonly<Record<string, unknown>> {
    return { state: this.getState() }
  }

  /** Continues from a place that was saved. */
  restoreRun({ state }: Readonly<Record<string, unknown>>): this {
    return this.setState(state as Uint8Array) // What saveRun() has made.
  }

  /**
   * Uniform numbers of at least 0 and below 1. Counterpart: torch.rand.
   *
   * @throws InvalidDrawError if a dimension of the shape is not a whole number of at least 0
   */
  rand(shape: readonly number[], dtype?: Exclude<GeneratorDType, 'float64'>): Float32Array
  rand(shape: readonly number[], dtype: 'float64'): Float64Array
  rand(shape: readonly number[], dtype: GeneratorDType): Float32Array | Float64Array
  rand(shape: readonly number[], dtype: GeneratorDType = 'float32'): Float32Array | Float64Array {
    return runAtOnce(uniformLoop(makeValues(shape, dtype), dtype, this.engine))
  }

  /**
   * The numbers of {@link rand}, drawn in slices between which the event loop runs, as {@link randnAsync} draws.
   *
   * @throws InvalidDrawError as there; the reason of `signal`
   */
  randAsync(
    shape: readonly number[],
    { dtype = 'float32', signal }: AsyncDrawOptions = {},
  ): Promise<Float32Array | Float64Array> {
    return this.drawInTurn(signal, engine => uniformLoop(makeValues(shape, dtype), dtype, engine))
  }

  /**
   * Numbers of the normal distribution with mean 0 and variance 1. Counterpart: torch.randn.
   *
   * @throws InvalidDrawError if a dimension of the shape is not a whole number of at least 0
   */
  randn(shape: readonly number[], dtype?: Exclude<GeneratorDType, 'float64'>): Float32Array
  randn(shape: readonly number[], dtype: 'float64'): Float64Array
  randn(shape: readonly number[], dtype: GeneratorDType): Float32Array | Float64Array
  randn(shape: readonly number[], dtype: GeneratorDType = 'float32'): Float32Array | Float64Array {
    const early = this.takeEarly(elementCount(shape), dtype)
    if (early) return early
    const values = makeValues(shape, dtype)
    runAtOnce(this.normalLoop(values, dtype))
    return values
  }

  /** The loop of {@link randn} for float32, in pieces. Nothing else may draw from this generator until it ends. */
  *randnLoop(shape: readonly number[]): globalThis.Generator<void, Float32Array, void> {
    const values = new Float32Array(elementCount(shape))
    yield* this.normalLoop(values, 'float32')
    return values
  }

  /**
   * The numbers of {@link randn}, drawn in slices between which the event loop runs. Draws of this method wait for one another; a synchronous draw that
   * is made meanwhile comes first.
   *
   * @throws InvalidDrawError if a dimension of the shape is not a whole number of at least 0; the reason of `signal`
   */
  async randnAsync(shape: readonly number[], options?: AsyncDrawOptions): Promise<Float32Array | Float64Array> {
    const { dtype = 'float32' } = options ?? {}
    return this.serializeDraws(async () => {
      await this.prefetchRandn(shape, options)
      return this.randn(shape, dtype)
    })
  }

  /**
   * Draws the numbers of a later {@link randn} of the same shape and type in slices, so that it returns at once. Any other draw that comes first is as it
   * would be without them.
   *
   * @throws InvalidDrawError if a dimension of the shape is not a whole number of at least 0; the reason of `signal`
   */
  async prefetchRandn(shape: readonly number[], options: AsyncDrawOptions = {}): Promise<void> {
    const { dtype = 'float32', signal } = options
    signal?.throwIfAborted()
    const count = elementCount(shape)
    if (count < WORTH_SLICES) return
    while (!this.hasEarly(count, dtype)) {
      const { engine: from } = this
      const place = from.position
      const engine = from.clone()
      const values = makeValues(shape, dtype)
      await runInSlices(largeNormalLoop(values, dtype, engine), signal)
      this.early = { values, dtype, from, place, engine }
    }
  }

  /**
   * Whole numbers of at least `low` and below `high`. Bigints reach as far as 64 bits do. Counterpart: torch.randint.
   *
   * @throws InvalidDrawError if the bounds are not whole numbers; if no number lies between them or, for bounds that are numbers, more
   * than 2^53; or if a dimension of the shape is not a whole number of at least 0
   */
  randint(low: number, high: number, shape: readonly number[]): Float64Array
  randint(low: bigint, high: bigint, shape: readonly number[]): BigInt64Array
  randint(low: number | bigint, high: number | bigint, shape: readonly number[]): Float64Array | BigInt64Array {
    return runAtOnce(integerLoop(low, high, elementCount(shape), this.engine))
  }

  /**
   * The numbers of {@link randint}, drawn in slices between which the event loop runs, as {@link randnAsync} draws.
   *
   * @throws InvalidDrawError as there; the reason of `signal`
   */
  randintAsync(
    low: number,
    high: number,
    shape: readonly number[],
    options?: Pick<AsyncDrawOptions, 'signal'>,
  ): Promise<Float64Array>
  randintAsync(
    low: bigint,
    high: bigint,
    shape: readonly number[],
    options?: Pick<AsyncDrawOptions, 'signal'>,
  ): Promise<BigInt64Array>
  randintAsync(
    low: number | bigint,
    high: number | bigint,
    shape: readonly number[],
    { signal }: Pick<AsyncDrawOptions, 'signal'> = {},
  ): Promise<Float64Array | BigInt64Array> {
    return this.drawInTurn(signal, engine => integerLoop(low, high, elementCount(shape), engine))
  }

  /** Waits for the draws that were asked for before. */
  private serializeDraws<T>(draw: () => Promise<T>): Promise<T> {
    const drawn = this.drawing.then(draw)
    this.drawing = drawn.catch(() => undefined)
    return drawn
  }

  /** Draws with a copy of the engine, which takes its place at the end; again, if others have drawn meanwhile. */
  private drawInTurn<T>(
    signal: AbortSignal | undefined,
    loop: (engine: MersenneTwister) => Iterator<void, T>,
  ): Promise<T> {
    return this.serializeDraws(async () => {
      signal?.throwIfAborted()
      for (;;) {
        const { engine: from } = this
        const place = from.position
        const engine = from.clone()
        const values = await runInSlices(loop(engine), signal)
        if (this.engine !== from || from.position !== place) continue
        this.engine = engine
        return values
      }
    })
  }

  private *normalLoop(values: Float32Array | Float64Array, dtype: GeneratorDType): IterableIterator<void> {
    if (values.length >= NORMAL_BLOCK) return yield* largeNormalLoop(values, dtype, this.engine)
    for (let i = 0; i < values.length; i++) values[i] = this.nextNormal()
    roundValues(values, dtype)
  }

  /** Whether these numbers are drawn already, and the stream is still where they begin. */
  private hasEarly(count: number, dtype: GeneratorDType): boolean {
    const { early, engine } = this
    const isNext = early !== undefined && early.from === engine && early.place === engine.position
    if (!isNext) this.early = undefined
    return isNext && early.dtype === dtype && early.values.length === count
  }

  private takeEarly(count: number, dtype: GeneratorDType): Float32Array | Float64Array | undefined {
    if (this.early === undefined || !this.hasEarly(count, dtype)) return undefined
    const { values, engine } = this.early
    this.early = undefined
    this.engine = engine
    return values
  }

  /** The given seed as the 64 bits that PyTorch takes it for. */
  private get seedBits(): bigint {
    return BigInt.asUintN(64, BigInt(this.givenSeed))
  }

  /** One normal number, as PyTorch makes those of small draws: in pairs, in double precision for every type. */
  private nextNormal(): number {
    if (this.keptNormal !== undefined) {
      const kept = this.keptNormal
      this.keptNormal = undefined
      return kept
    }
    const angle = 2 * Math.PI * this.engine.nextFloat64()
    const radius = Math.sqrt(-2 * Math.log1p(-this.engine.nextFloat64()))
    this.keptNormal = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

/** Fills an array with uniform numbers, in pieces. */
function* uniformLoop<T extends Float32Array | Float64Array>(
  values: T,
  dtype: GeneratorDType,
  engine: MersenneTwister,
): globalThis.Generator<void, T, void> {
  yield* inPieces(values.length, (begin, end) => {
    const piece = values.subarray(begin, end)
    fillUniform(piece, engine)
    roundValues(piece, dtype)
    // What the 16-bit types round up to 1 is 0 in PyTorch.
    for (let i = 0; i < piece.length; i++) if (piece[i] === 1) piece[i] = 0
  })
  return values
}

/** Draws whole numbers, in pieces. @throws InvalidDrawError for impossible bounds */
function* integerLoop(
  low: number | bigint,
  high: number | bigint,
  count: number,
  engine: MersenneTwister,
): globalThis.Generator<void, Float64Array | BigInt64Array, void> {
  if (typeof low === 'bigint' && typeof high === 'bigint') {
    const span = high - low
    const isInt64 = (value: bigint) => BigInt.asIntN(64, value) === value
    if (![low, high].every(isInt64) || span <= 0n) throw impossibleBounds(low, high)
    const values = new BigInt64Array(count)
    yield* inPieces(count, (begin, end) => {
      for (let i = begin; i < end; i++)
        values[i] = low + ((span < LARGE_SPAN ? BigInt(engine.next32()) : next64(engine)) % span)
    })
    return values
  }
  const [first, last] = [Number(low), Number(high)]
  const span = last - first
  if (![first, last, span].every(Number.isSafeInteger) || span <= 0) throw impossibleBounds(first, last)
  const values = new Float64Array(count)
  yield* inPieces(count, (begin, end) => {
    for (let i = begin; i < end; i++)
      values[i] = first + (span < LARGE_SPAN ? engine.next32() % span : Number(next64(engine) % BigInt(span)))
  })
  return values
}

function next64(engine: MersenneTwister): bigint {
  const high = engine.next32()
  return (BigInt(high) << 32n) | BigInt(engine.next32())
}

/** Fills an array of at least a block with normal numbers, in pieces. */
function* largeNormalLoop(
  values: Float32Array | Float64Array,
  dtype: GeneratorDType,
  engine: MersenneTwister,
): IterableIterator<void> {
  const kernel = dtype === 'float32' ? noiseKernel() : undefined
  if (kernel && values instanceof Float32Array) {
    yield* fillNormalInPieces(values, piece => kernel.fillNormal(piece, engine))
    return
  }
  // PyTorch draws uniform numbers for the rest beyond the blocks too; but not so for the 16-bit types.
  const drawsRest = dtype === 'float32' || dtype === 'float64'
  yield* fillNormalInPieces(values, piece => fillNormal(piece, engine, { drawsRest }))
  if (!drawsRest) yield* inPieces(values.length, (begin, end) => roundValues(values.subarray(begin, end), dtype))
}

function makeEngine(seed: Seed): MersenneTwister {
  if (!isSeed(seed)) throw new InvalidSeedError(seed)
  return new MersenneTwister(Number(BigInt(seed) & 0xffffffffn))
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number
}

function impossibleBounds(low: number | bigint, high: number | bigint): InvalidDrawError {
  return new InvalidDrawError(`randint needs whole numbers low < high, but got low ${low} and high ${high}.`)
}

/** The number of elements of a shape. @throws InvalidDrawError if a dimension is not a whole number of at least 0 */
export function elementCount(shape: readonly number[]): number {
  if (!shape.every(size => Number.isSafeInteger(size) && size >= 0)) {
    throw new InvalidDrawError(`A shape needs whole numbers of at least 0, but is [${shape.join(', ')}].`)
  }
  return shape.reduce((product, size) => product * size, 1)
}

function makeValues(shape: readonly number[], dtype: GeneratorDType): Float32Array | Float64Array {
  return dtype === 'float64' ? new Float64Array(elementCount(shape)) : new Float32Array(elementCount(shape))
}

function roundValues(values: Float32Array | Float64Array, dtype: GeneratorDType): void {
  if (dtype === 'float16') for (let i = 0; i < values.length; i++) values[i] = roundToFloat16(values[i] as number)
  if (dtype === 'bfloat16') for (let i = 0; i < values.length; i++) values[i] = roundToBFloat16(values[i] as number)
}
