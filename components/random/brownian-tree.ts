/**
 * Brownian motion that is the same however often and in whatever order it is asked for. Source: https://arxiv.org/abs/2001.01328, appendix E;
 * counterpart: torchsde.BrownianInterval with halfway_tree, tol 1e-6 and pool_size 24
 */
import { inPieces, runAtOnce } from '../../src/runtime/time-slice'
import { Generator } from './generator'
import { SeedSequence } from './seed-sequence'

/** A loop that can be run in slices. */
type Loop<T> = globalThis.Generator<void, T, void>

/** What a tree is made of. */
export interface BrownianTreeOptions {
  /** Where the motion begins. */
  readonly start: number
  /** Where the motion ends, not before it begins. */
  readonly end: number
  /** How many independent motions there are. */
  readonly size: number
  /** A whole number of at least 0. */
  readonly seed: number | bigint
}

/** An interval of the tree, whose halves are its children. */
interface Interval {
  readonly start: number
  readonly end: number
  /** The place among the intervals of its depth, which are more than numbers count exactly where the tree is very long. */
  readonly place: bigint
  readonly depth: number
  /** By how much the motions move within. */
  readonly increment: Float32Array
}

/** The words of entropy that seeds are made from. */
const POOL_SIZE = 24

/** How many increments are remembered: two ways down the tree, as each question mostly begins where one before began or ended. */
const REMEMBERED = 48

/**
 * The interval from start to end is halved again and again, down to millionths. The middle of an interval follows from
 * its ends and from numbers drawn with the interval's own seed, so results depend on nothing but the seed. A question
 * costs up
 * to fifty draws of `size` numbers, and about half of that next to the one before. Loops go over those, as map() would take several times as long.
 */
export class BrownianTree {
  private readonly start: number
  private readonly end: number
  /** Increments of left halves by their parents, the latest last. */
  private readonly remembered = new Map<string, Float32Array>()

  constructor(private readonly options: BrownianTreeOptions) {
    this.start = roundToMillionths(options.start)
    this.end = roundToMillionths(options.end)
  }

  /** By how much the motions move between two times, the first not after the second. Times outside of the tree stand for its ends. */
  increment(from: number, to: number): Float32Array {
    return runAtOnce(this.incrementLoop(from, to))
  }

  /** The loop of {@link increment}, in pieces. */
  *incrementLoop(from: number, to: number): Loop<Float32Array> {
    const [begin, finish] = [from, to].map(time => roundToMillionths(Math.min(Math.max(time, this.start), this.end)))
    const sum = new Float32Array(this.options.size)
    yield* this.addIncrements(yield* this.root(), begin as number, finish as number, sum)
    return sum
  }

  private *root(): Loop<Interval> {
    const { start, end, seed } = this.options
    const scale = Math.fround(Math.sqrt(end - start))
    const increment = yield* this.draw(new SeedSequence(seed, { poolSize: POOL_SIZE }))
    yield* inPieces(increment.length, (begin, finish) => {
      for (let i = begin; i < finish; i++) increment[i] = (increment[i] as number) * scale
    })
    return { start: this.start, end: this.end, place: 0n, depth: 0, increment }
  }

  /** Adds the increments between two times within an interval, from the left to the right as the reference does. */
  private *addIncrements(interval: Interval, from: number, to: number, sum: Float32Array): Loop<void> {
    const { start, end, place, depth, increment } = interval
    if (from >= to) return
    if (from === start && to === end) {
      yield* inPieces(sum.length, (begin, finish) => {
        for (let i = begin; i < finish; i++) sum[i] = (sum[i] as number) + (increment[i] as number)
      })
      return
    }
    const middle = roundToMillionths(0.5 * (start + end))
    const first = yield* this.recall(interval, middle)
    const left = { start, end: middle, place: 2n * place, depth: depth + 1, increment: first }
    yield* this.addIncrements(left, from, Math.min(to, middle), sum)
    if (to <= middle) return
    const second = new Float32Array(increment.length)
    yield* inPieces(second.length, (begin, finish) => {
      for (let i = begin; i < finish; i++) second[i] = (increment[i] as number) - (first[i] as number)
    })
    const right = { start: middle, end, place: 2n * place + 1n, depth: depth + 1, increment: second }
    yield* this.addIncrements(right, Math.max(from, middle), to, sum)
  }

  /** The increment of the left half, from memory if it is cached. */
  private *recall(interval: Interval, middle: number): Loop<Float32Array> {
    const key = `${interval.depth} ${interval.place}`
    const increment = this.remembered.get(key) ?? (yield* this.bridge(interval, middle))
    this.remembered.delete(key)
    this.remembered.set(key, increment)
    for (const oldest of this.remembered.keys()) {
      if (this.remembered.size <= REMEMBERED) break
      this.remembered.delete(oldest)
    }
    return increment
  }

  /** A Brownian bridge: the middle is normally distributed around the straight line between the ends. */
  private *bridge({ start, end, place, depth, increment }: Interval, middle: number): Loop<Float32Array> {
    const noise = yield* this.draw(
      new SeedSequence(this.options.seed, { spawnKey: [place, depth], poolSize: POOL_SIZE }),
    )
    const perLength = 1 / (end - start)
    const [before, after] = [middle - start, end - middle]
    // The factors in float32 and each product rounded to it: as PyTorch computes.
    const slope = Math.fround(before)
    const inverse = Math.fround(perLength)
    const spread = Math.fround(Math.sqrt(before * after * perLength))
    yield* inPieces(noise.length, (begin, finish) => {
      for (let i = begin; i < finish; i++) {
        const mean = Math.fround(Math.fround(slope * (increment[i] as number)) * inverse)
        noise[i] = mean + Math.fround(spread * (noise[i] as number))
      }
    })
    return noise
  }

  private *draw(sequence: SeedSequence): Loop<Float32Array> {
    const generator = new Generator(sequence.generateState(1)[0])
    return yield* generator.randnLoop([this.options.size])
  }
}

/** The nearest millionth, of two equally near ones the even one. Counterpart: Python's round(value, 6) */
function roundToMillionths(value: number): number {
  const scaled = value * 128
  // Only odd multiples of 1/128 lie right between two millionths; toFixed() rounds those up.
  if (!Number.isInteger(scaled) || scaled % 2 === 0) return Number(value.toFixed(6))
  const below = Math.floor(value * 1e6)
  return (below % 2 === 0 ? below : below + 1) / 1e6
}
