/** Reads and checks the values of options. */
import { InvalidArgumentError } from 'commander'
import { InvalidByteSizeError } from '../src/errors/invalid-byte-size-error'
import { parseByteSize } from '../src/format/byte-size'
import { readSeed, type Seed, VALID_SEED } from '../src/params/seed'
import type { LoraOption } from './loras'
import { tourSteps } from './tour/tour-steps'

function wholeNumber(text: string, least: number, what: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
    throw new InvalidArgumentError(`${what} must be a whole number from ${least} up.`)
  }
  return value
}

/** `--steps`: 1 or more. */
export function parseSteps(text: string): number {
  return wholeNumber(text, 1, 'The number of steps')
}

/** The step of `tour`: from 1 to the number of its steps. */
export function parseTourStep(text: string): number {
  const step = wholeNumber(text, 1, 'The step')
  if (step > tourSteps.length) throw new InvalidArgumentError(`The step must be at most ${tourSteps.length}.`)
  return step
}

/** `--save-every`: 1 or more. */
export function parseSeconds(text: string): number {
  return wholeNumber(text, 1, 'The number of seconds')
}

/** `--threads`: 1 or more. */
export function parseThreads(text: string): number {
  return wholeNumber(text, 1, 'The number of threads')
}

/** Numbers of things, such as `--workers`: 1 or more. */
export function parseNumber(text: string): number {
  return wholeNumber(text, 1, 'The number')
}

/** `--port`: from 0 to 65535. */
export function parsePort(text: string): number {
  const port = wholeNumber(text, 0, 'The port')
  if (port > 65_535) throw new InvalidArgumentError('The port must be at most 65535.')
  return port
}

/** All of them are in memory until the last one is drawn, for the grid. */
const MOST_PICTURES = 1000

/** `--count`: from 1 to 1000. */
export function parseCount(text: string): number {
  const count = wholeNumber(text, 1, 'The number of pictures')
  if (count > MOST_PICTURES) throw new InvalidArgumentError(`The number of pictures must be at most ${MOST_PICTURES}.`)
  return count
}

/** `--seed`: any that PyTorch takes. Returns a bigint where a number is not exact. */
export function parseSeed(text: string): Seed {
  const seed = readSeed(text)
  if (seed === undefined) throw new InvalidArgumentError(`The seed must be ${VALID_SEED}.`)
  return seed
}

/** `--guidance`: any finite number from 0 up. */
export function parseGuidance(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('The guidance must be a number from 0 up.')
  return value
}

/** `--strength`: from 0 to 1. */
export function parseStrength(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('The strength must be a number from 0 to 1.')
  }
  return value
}

/** `--refiner-start`: above 0 and below 1. */
export function parseRefinerStart(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value < 1)) {
    throw new InvalidArgumentError('The start of the refiner must be a number above 0 and below 1.')
  }
  return value
}

/** `--lora`: `FILE`, or `FILE:SCALE`. Each use of the option adds one. */
export function parseLora(text: string, others: readonly LoraOption[] = []): LoraOption[] {
  const [, source = text, scale] = /^(.+):([^:/\\]*)$/.exec(text) ?? []
  const value = scale === undefined ? 1 : Number(scale)
  if (source.trim() === '' || source.startsWith(':') || scale?.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a file and a number, as in pixel-art.safetensors:0.8.')
  }
  return [...others, { source, scale: value }]
}

/** `--memory-limit`: bytes, as a text such as `6GB` or `512MiB`. */
export function parseMemoryLimit(text: string): number {
  try {
    return parseByteSize(text, 'The limit', 1)
  } catch (error) {
    if (!(error instanceof InvalidByteSizeError)) throw error
    throw new InvalidArgumentError('The limit must be like 6GB or 512MiB.')
  }
}

/** Milliseconds of the units of time. */
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The longest that timers and Redis are asked to wait for, in days. */
const LONGEST_DAYS = 3650

/** `--keep`: milliseconds, as a text such as `30m`, `12h` or `7d`. */
export function parseDuration(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+)([smhd])$/.exec(text.trim()) ?? []
  const milliseconds = Number(amount) * (UNITS[unit] ?? Number.NaN)
  if (!(milliseconds > 0 && milliseconds <= LONGEST_DAYS * (UNITS.d as number))) {
    throw new InvalidArgumentError(`The time must be like 30m, 12h or 7d, and at most ${LONGEST_DAYS}d.`)
  }
  return milliseconds
}

/** Pixels. */
export interface Size {
  width: number
  height: number
}

/** `--size`: `64`, or `96x64` for width x height. */
export function parseSize(text: string): Size {
  const match = /^(\d+)(?:x(\d+))?$/i.exec(text.trim())
  const [width, height] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  if (!match || width < 1 || height < 1) throw new InvalidArgumentError('The size must be like 64 or 96x64, in pixels.')
  return { width, height }
}
