/** Writes a model to an .onnx file that needs nothing else. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { TensorInfo } from '../../checkpoints/checkpoint'
import { writeFileAtomically } from '../../files/write-file-atomically'
import type { Module } from '../../nn/module'
import { capture } from '../recorder/capture'
import { type ModelProto, TensorProto_DataLocation } from './onnx_pb'
import { encodeOnnx, writeOnnx } from './write-onnx'

/** Bytes of weights up to which they are part of the model's own file. */
const SIDE_FILE_BYTES = 2 ** 25

/** Weights begin at multiples of this, so that a runtime can map them into memory. */
const ALIGNMENT = 4096

/** A function of a model to be written. */
export interface ExportOptions<I> {
  model: Module
  /** Computes it in plain TensorFlow.js operations. */
  forward: (inputs: I) => unknown
  /** What it is called with; placeholders may stand for tensors. The written model takes these shapes alone. */
  inputs: I
}

/** What was written. */
export interface ExportedFiles {
  /** The model. */
  file: string
  /** The weights, where they are large: a file beside the model, which must stay beside it. */
  weights: string | undefined
  /** Bytes of both. */
  bytes: number
}

/** Where a weight comes from and where it goes. */
interface Placed {
  readonly info: TensorInfo
  readonly offset: number
}

/**
 * Records a function of a model and writes it with its weights, which keep the precision of their files. Inputs and results have PyTorch's names and order
 * of dimensions. Some operators are Microsoft's own, so it takes ONNX Runtime to run it.
 *
 * @param file - name of the model's file; large weights go to `file.data` beside it
 * @throws UnwritableFileError; what the model throws for inputs that do not fit; UnsupportedKernelError, RecordedValueError
 */
export async function exportOnnx<I>(
  { model, forward, inputs }: ExportOptions<I>,
  file: string,
): Promise<ExportedFiles> {
  const { graph } = capture(model, inputs, forward)
  const weights = `${file}.data`
  const placed = new Map<string, Placed>()
  let end = 0
  const place = (info: TensorInfo): Placed => {
    const key = `${info.file}:${info.begin}`
    const known = placed.get(key)
    if (known) return known
    const added = { info, offset: Math.ceil(end / ALIGNMENT) * ALIGNMENT }
    end = added.offset + info.end - info.begin
    placed.set(key, added)
    return added
  }
  const proto = writeOnnx(graph, {
    locate: info => {
      const { offset } = place(info)
      return { file: basename(weights), begin: offset, end: offset + info.end - info.begin }
    },
    forOthers: true,
  })
  const isLarge = end > SIDE_FILE_BYTES
  if (isLarge) await writeFileAtomically(weights, readAll([...placed.values()]))
  else await putInside(proto, [...placed.values()])
  const bytes = encodeOnnx(proto)
  await writeFileAtomically(file, [bytes])
  return { file, weights: isLarge ? weights : undefined, bytes: bytes.length + (isLarge ? end : 0) }
}

/** The bytes of all weights, with the gaps between them. */
async function* readAll(placed: readonly Placed[]): AsyncIterable<Uint8Array> {
  let position = 0
  for (const { info, offset } of placed) {
    if (offset > position) yield new Uint8Array(offset - position)
    if (info.end > info.begin)
      yield* createReadStream(info.file, { start: info.begin, end: info.end - 1 }) as AsyncIterable<Buffer>
    position = offset + info.end - info.begin
  }
}

/** Takes the weights into the model itself. */
async function putInside(proto: ModelProto, placed: readonly Placed[]): Promise<void> {
  const files = new Map<string, Buffer>()
  for (const { info } of placed) if (!files.has(info.file)) files.set(info.file, await readFile(info.file))
  for (const tensor of proto.graph?.initializer ?? []) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue
    const entry = (key: string) => Number(tensor.externalData.find(data => data.key === key)?.value)
    const [offset, length] = [entry('offset'), entry('length')]
    const source = placed.find(({ info, offset: begin }) => offset >= begin && offset < begin + info.end - info.begin)
    if (source === undefined) throw new Error(`The weight ${tensor.name} has no place.`)
    const begin = source.info.begin + offset - source.offset
    tensor.rawData = new Uint8Array((files.get(source.info.file) as Buffer).subarray(begin, begin + length))
    tensor.externalData = []
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT
  }
}
