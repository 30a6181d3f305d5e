/** The file beside an exported model that holds its large weights. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { RowDType, TensorInfo } from '../../checkpoints/checkpoint'
import { tensorBytes, viewBytes } from '../../checkpoints/copy-tensor'
import { bytesOfElements, isFloatDType } from '../../checkpoints/weight-dtypes'
import { Parameter } from '../../nn/parameter'
import type { QuantizedParameter } from '../../quantization/quantized-parameter'

/** Weights begin at multiples of this, so that a runtime can map them into memory. */
const ALIGNMENT = 4096

/** A stretch of the file. */
interface Stretch {
  readonly begin: number
  readonly end: number
  readonly read: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Plans where each weight lies: those of files once for each place there, and those in memory. */
export class SideFile {
  /** Bytes of the weights, without the gaps between them. */
  readonly weightBytes: number
  /** Bytes of those of them that are quantized. */
  readonly quantizedBytes: number
  /** Bytes of the file. */
  readonly length: number
  private readonly stretches = new Map<unknown, Stretch>()

  /** @param quantized weights that are written in integers, whether they are in a file or in memory */
  constructor(parameters: readonly Parameter[], quantized: Iterable<QuantizedParameter> = []) {
    let length = 0
    let weightBytes = 0
    const add = (key: unknown, bytes: number, read: Stretch['read']) => {
      if (this.stretches.has(key)) return
      const begin = Math.ceil(length / ALIGNMENT) * ALIGNMENT
      this.stretches.set(key, { begin, end: begin + bytes, read })
      length = begin + bytes
      weightBytes += bytes
    }
    for (const weight of quantized) add(weight.parameter, weight.bytes, () => weight.read())
    this.quantizedBytes = weightBytes
    for (const parameter of parameters) {
      const source = storedSource(parameter)
      if (source === undefined) add(parameter, parameter.bytes, () => [viewBytes(parameter.read())])
      else add(placeKey(source), source.end - source.begin, () => tensorBytes(source))
    }
    this.weightBytes = weightBytes
    this.length = length
  }

  /** Where a weight in a file, or one in memory, lies. */
  placeOf(weight: TensorInfo | Parameter): { begin: number; end: number } {
    return this.stretches.get(weight instanceof Parameter ? weight : placeKey(weight)) as Stretch
  }

  /** Where the two parts of a weight are that is written in integers. */
  placeOfQuantized(weight: Parameter, form: RowDType): Record<'scales' | 'values', { begin: number; end: number }> {
    const { begin, end } = this.placeOf(weight)
    const middle = end - bytesOfElements(form, weight.size)
    return { scales: { begin, end: middle }, values: { begin: middle, end } }
  }

  /** The bytes of the file: all weights, with the gaps between them. */
  async *bytes(): AsyncIterable<Uint8Array> {
    let position = 0
    for (const { begin, end, read } of this.stretches.values()) {
      if (begin > position) yield new Uint8Array(begin - position)
      yield* read()
      position = end
    }
  }
}

/** The place in a file whose bytes are written as they are; `undefined` for a weight whose numbers are written as float32. */
export function storedSource({ source }: Parameter): TensorInfo | undefined {
  return source !== undefined && isFloatDType(source.dtype) ? source : undefined
}

function placeKey({ file, begin }: TensorInfo): string {
  return `${file}:${begin}`
}

/**
 * Returns the name for the weights of a model that is to be written: `<file>.data`, or `<file>.<8 digits>.data` if there is such a file. The weights of the model
 * that is there stay until it is replaced: otherwise a crash between the two would pair it with the weights of another.
 */
export function sideFileName(model: string): string {
  const name = `${model}.data`
  return existsSync(name) ? `${model}.${randomBytes(4).toString('hex')}.data` : name
}

/** Removes the weights of earlier exports to the same name. The model no longer refers to them. */
export async function removeOldSideFiles(model: string, current: string | undefined): Promise<void> {
  const [folder, prefix] = [dirname(model), basename(model)]
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name)
    const isOurs = name.startsWith(prefix) && /^(?:\.[0-9a-f]{8})?\.data$/.test(name.slice(prefix.length))
    // One that cannot be removed takes room, and nothing else.
    if (isOurs && file !== current) await rm(file, { force: true }).catch(() => undefined)
  }
}
