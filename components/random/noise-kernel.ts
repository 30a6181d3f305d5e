/** Large draws of noise in WebAssembly: `assembly/noise.as.ts` and the memory it works in. */
import { instantiate } from '../assembled/instantiate'
import { bytes } from '../assembled/noise'
import { NORMAL_BLOCK } from './box-muller'
import { ENGINE_WORDS, type MersenneTwister } from './mersenne-twister'

/** Places are bytes of the memory. */
interface NoiseFunctions {
  fillUniform(words: number, position: number, out: number, count: number): number
  makeNormal(values: number, count: number): void
  interleave(planes: number, stride: number, out: number, pixelStride: number, pixels: number): void
}

/** Some pixels of an image. */
export interface PixelRange {
  readonly begin: number
  readonly end: number
}

/** How many values are worked on at once, whatever the size of a draw. */
const CHUNK = 16384

const WORD = Float32Array.BYTES_PER_ELEMENT

/** Where in the memory the engine's words, the values drawn and the pixels are. Functions may write a few words beyond what they are asked for. */
const WORDS = 0
const VALUES = 4096
const PIXELS = VALUES + CHUNK * WORD + 64
const LENGTH = PIXELS + CHUNK * WORD + 64

/** Draws for all generators, one draw after the other: nothing is kept from one to the next. */
export class NoiseKernel {
  private readonly words: Uint32Array
  private readonly values: Float32Array
  private readonly pixels: Float32Array

  private constructor(
    private readonly functions: NoiseFunctions,
    memory: ArrayBuffer,
  ) {
    this.words = new Uint32Array(memory, WORDS, ENGINE_WORDS)
    this.values = new Float32Array(memory, VALUES, CHUNK)
    this.pixels = new Float32Array(memory, PIXELS, CHUNK)
  }

  /** The kernel, or undefined where there is no WebAssembly with SIMD. */
  static load(): NoiseKernel | undefined {
    const instance = instantiate<NoiseFunctions>(bytes, LENGTH)
    return instance && new NoiseKernel(instance.functions, instance.memory)
  }

  /**
   * Fills an array with normal numbers as fillNormal() does for float32, up to the last bits, and moves the engine on as far.
   *
   * @param values at least 16
   */
  fillNormal(values: Float32Array, engine: MersenneTwister): void {
    const rest = values.length % NORMAL_BLOCK
    const end = values.length - rest
    engine.drawElsewhere((words, start) => {
      this.words.set(words)
      let position = start
      for (let begin = 0; begin < end; begin += CHUNK) {
        const count = Math.min(CHUNK, end - begin)
        position = this.functions.fillUniform(WORDS, position, VALUES, count)
        this.functions.makeNormal(VALUES, count)
        values.set(count < CHUNK ? this.values.subarray(0, count) : this.values, begin)
      }
      if (rest > 0) {
        position = this.functions.fillUniform(WORDS, position, VALUES, rest)
        position = this.functions.fillUniform(WORDS, position, VALUES, NORMAL_BLOCK)
        this.functions.makeNormal(VALUES, NORMAL_BLOCK)
        values.set(this.values.subarray(0, NORMAL_BLOCK), values.length - NORMAL_BLOCK)
      }
      words.set(this.words)
      return position
    })
  }

  /** Whether images of so many channels can be interleaved. */
  interleaves(channels: number): boolean {
    return channels > 0 && channels % 4 === 0 && channels <= CHUNK / 4
  }

  /** Writes some pixels of an image, given as one plane for each channel. */
  interleave(planes: Float32Array, channels: number, target: Float32Array, range: PixelRange): void {
    const pixels = planes.length / channels
    const most = 4 * Math.floor(CHUNK / channels / 4)
    for (let { begin } = range; begin < range.end; begin += most) {
      const count = Math.min(most, range.end - begin)
      const stride = 4 * Math.ceil(count / 4)
      for (let channel = 0; channel < channels; channel++) {
        const from = channel * pixels + begin
        this.values.set(planes.subarray(from, from + count), channel * stride)
      }
      for (let channel = 0; channel < channels; channel += 4) {
        const from = VALUES + channel * stride * WORD
        this.functions.interleave(from, stride * WORD, PIXELS + channel * WORD, channels * WORD, count)
      }
      target.set(this.pixels.subarray(0, count * channels), (begin - range.begin) * channels)
    }
  }
}

let kernel: NoiseKernel | undefined
let isLoaded = false

/** The kernel of this process, made when it is first asked for. */
export function noiseKernel(): NoiseKernel | undefined {
  if (!isLoaded) kernel = NoiseKernel.load()
  isLoaded = true
  return kernel
}
