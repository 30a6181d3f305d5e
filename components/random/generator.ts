/** PyTorch's random numbers on the CPU: the same seed gives the same numbers. Counterpart: torch.Generator('cpu'). */
import type { RunScope, RunScoped } from '../../src/container/run-scoped'
import { isSeed, type Seed, toSeed } from '../../src/params/seed'
import { runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import { NORMAL_BLOCK } from './box-muller'
import {
  elementCount,
  type GeneratorDType,
  integerLoop,
  largeNormalLoop,
  makeValues,
  roundValues,
  uniformLoop,
} from './draw-loops'
import { readGeneratorState, writeGeneratorState } from './generator-state'
import { InvalidSeedError } from './invalid-seed-error'
import { MersenneTwister } from './mersenne-twister'

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

function makeEngine(seed: Seed): MersenneTwister {
  if (!isSeed(seed)) throw new InvalidSeedError(seed)
  return new MersenneTwister(Number(BigInt(seed) & 0xffffffffn))
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number
}
