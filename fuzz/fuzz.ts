/**
 * Feeds generated files to every reader of files of unknown origin. Each input must end in success or in a `ModularError` that names the file, within
 * two seconds and 300 MB, and leave no tensor.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { ModularError } from '../src'
import { stopServing } from './hub'
import type { Reader } from './reader'
import { READERS } from './readers'

/** Milliseconds of CPU time for one input. */
const MAX_TIME = 2000

/** Bytes that the process may grow by for one input. */
const MAX_MEMORY = 300 * 2 ** 20

/** How the fuzzer runs. */
export interface FuzzOptions {
  /** Inputs for all readers together. */
  readonly runs: number
  /** Repeats the inputs of an earlier run. Default: by chance. */
  readonly seed?: number
  /** Names of the readers to run. Default: all. */
  readonly only?: readonly string[]
  /** Milliseconds of CPU time for one input. Default: 2000. */
  readonly maxTime?: number
  /** Called for each reader when it is done. */
  readonly onResult?: (result: FuzzResult) => void
}

/** What one reader made of its inputs. */
export interface FuzzResult {
  readonly reader: string
  readonly runs: number
  /** How many inputs ended in success (`ok`), or in an error of a code. */
  readonly outcomes: ReadonlyMap<string, number>
  /** The slowest input, in milliseconds of CPU time, and the one that took the most memory, in bytes. */
  readonly slowest: number
  readonly largest: number
  /** What went wrong first; `undefined` if nothing did. */
  readonly failure: string | undefined
}

/** Runs the readers one after the other. */
export async function fuzz({
  runs,
  seed = Math.floor(Math.random() * 2 ** 31),
  only,
  maxTime = MAX_TIME,
  onResult,
}: FuzzOptions): Promise<FuzzResult[]> {
  const readers = READERS.filter(({ name }) => only === undefined || only.includes(name))
  const results: FuzzResult[] = []
  for (const reader of readers) {
    const result = await fuzzReader(reader, Math.ceil(runs / readers.length), seed, maxTime)
    onResult?.(result)
    results.push(result)
  }
  return results
}

async function fuzzReader(reader: Reader<unknown>, runs: number, seed: number, maxTime: number): Promise<FuzzResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-fuzz-'))
  const outcomes = new Map<string, number>()
  let [slowest, largest] = [0, 0]
  const check = async (input: unknown) => {
    const [tensors, memory, time] = [tf.memory().numTensors, process.resourceUsage().maxRSS, process.cpuUsage()]
    const outcome = await outcomeOf(() => reader.read(input, folder), reader.subject ?? folder)
    const { user, system } = process.cpuUsage(time)
    const [spent, grown] = [(user + system) / 1000, (process.resourceUsage().maxRSS - memory) * 1024]
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    slowest = Math.max(slowest, spent)
    largest = Math.max(largest, grown)
    if (spent > maxTime) throw new Error(`took ${Math.round(spent)} ms`)
    if (grown > MAX_MEMORY) throw new Error(`took ${Math.round(grown / 2 ** 20)} MB`)
    const left = tf.memory().numTensors - tensors
    if (left !== 0) throw new Error(`left ${left} tensors`)
  }
  try {
    const result = await fc.check(fc.asyncProperty(reader.inputs, check), { numRuns: runs, seed, endOnFailure: true })
    const failure = result.failed
      ? `seed ${seed}: ${fc.stringify(result.counterexample).slice(0, 2000)}: ${reason(result.errorInstance)}`
      : undefined
    return { reader: reader.name, runs: result.numRuns, outcomes, slowest, largest, failure }
  } finally {
    await stopServing()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `ok`, or the code of the error. @throws Error for any other error, and for one that does not name its file */
async function outcomeOf(read: () => Promise<void>, subject: string): Promise<string> {
  try {
    await read()
    return 'ok'
  } catch (error) {
    if (!(error instanceof ModularError)) throw error
    if (error.message.length > 12_000) throw new Error(`a message of ${error.message.length} characters`)
    if (!error.message.includes(subject))
      throw new Error(`the file is not named: ${error.message.slice(0, 500)}`, { cause: error })
    return error.code
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join('\n') : String(error)
}
