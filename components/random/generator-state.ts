/** The bytes that a generator's place in its stream is saved in: those of torch.Generator.get_state() on the CPU. */
import { InvalidGeneratorStateError } from './invalid-generator-state-error'
import { ENGINE_WORDS, type MersenneTwisterState } from './mersenne-twister'

/** What makes a generator continue as another one would. */
export interface GeneratorState {
  readonly seed: bigint
  readonly engine: MersenneTwisterState
  /** The second number of a pair that a small normal draw left over. */
  readonly keptNormal: number | undefined
}

/** Number of bytes. */
const LENGTH = 5056

/** Where the fields begin. All are little-endian; a word takes 8 bytes, of which 4 are used. */
const SEED = 0
const LEFT = 8
const SEEDED = 12
const NEXT = 16
const WORDS = 24
const KEPT_NORMAL = WORDS + ENGINE_WORDS * 8 + 8
const IS_NORMAL_KEPT = KEPT_NORMAL + 16

/** Writes a state. */
export function writeGeneratorState({ seed, engine, keptNormal }: GeneratorState): Uint8Array {
  const bytes = new Uint8Array(LENGTH)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(SEED, seed, true)
  view.setInt32(LEFT, engine.left, true)
  view.setInt32(SEEDED, 1, true)
  view.setUint32(NEXT, engine.next, true)
  for (let i = 0; i < ENGINE_WORDS; i++) view.setUint32(WORDS + 8 * i, engine.words[i] as number, true)
  view.setFloat64(KEPT_NORMAL, keptNormal ?? 0, true)
  view.setInt32(IS_NORMAL_KEPT, keptNormal === undefined ? 0 : 1, true)
  return bytes
}

/**
 * Reads a state, also one that PyTorch wrote.
 *
 * @throws InvalidGeneratorStateError
 */
export function readGeneratorState(bytes: Uint8Array): GeneratorState {
  if (bytes.length !== LENGTH) throw new InvalidGeneratorStateError(`has ${bytes.length} bytes instead of ${LENGTH}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const left = view.getInt32(LEFT, true)
  const next = Number(view.getBigUint64(NEXT, true))
  // An engine that has not drawn yet says 1 and 0; all others add up.
  const fits = left >= 1 && left <= ENGINE_WORDS && (left + next === ENGINE_WORDS + 1 || (left === 1 && next === 0))
  if (view.getInt32(SEEDED, true) !== 1 || !fits) throw new InvalidGeneratorStateError('is not one of mt19937')
  return {
    seed: view.getBigUint64(SEED, true),
    engine: {
      words: Uint32Array.from({ length: ENGINE_WORDS }, (_, i) => view.getUint32(WORDS + 8 * i, true)),
      next,
      left,
    },
    keptNormal: view.getInt32(IS_NORMAL_KEPT, true) === 0 ? undefined : view.getFloat64(KEPT_NORMAL, true),
  }
}
