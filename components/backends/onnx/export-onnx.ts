/** Writes a model to an .onnx file that needs nothing else. */

import { basename } from 'node:path'
import { pathOf } from '../../../src/files/path-of'
import { writeFileAtomically } from '../../../src/files/write-file-atomically'
import type { TensorInfo } from '../../checkpoints/checkpoint'
import { tensorBytes } from '../../checkpoints/copy-tensor'
import type { Module } from '../../nn/module'
import { capture } from '../recorder/capture'
import { sourcesOf } from '../recorder/graph'
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

/**
 * Records a function of a model and writes it with its weights, which keep the precision of their files. Inputs and results have PyTorch's names and order
 * of dimensions. Some operators are Microsoft's own, so it takes ONNX Runtime to run it.
 *
 * @param file - name of the model's file; large weights go to `file.data` beside it
 * @throws UnwritableFileError; what the model throws for inputs that do not fit; UnsupportedKernelError, RecordedValueError
 */
export async function exportOnnx<I>(
  { model, forward, inputs }: ExportOptions<I>,
  file: string | URL,
): Promise<ExportedFiles> {
  const path = pathOf(file, 'file')
  const { graph } = capture(model, inputs, forward)
  const sources = new Map(sourcesOf(graph).map(source => [`${source.file}:${source.begin}`, source]))
  const size = [...sources.values()].reduce((sum, { begin, end }) => sum + end - begin, 0)
  if (size <= SIDE_FILE_BYTES) {
    const bytes = encodeOnnx(writeOnnx(graph, { forOthers: true }))
    await writeFileAtomically(path, [bytes])
    return { file: path, weights: undefined, bytes: bytes.length }
  }
  const weights = `${path}.data`
  const offsets = new Map<string, number>()
  let length = 0
  for (const [key, { begin, end }] of sources) {
    const offset = Math.ceil(length / ALIGNMENT) * ALIGNMENT
    offsets.set(key, offset)
    length = offset + end - begin
  }
  const locate = ({ file: source, begin, end }: TensorInfo) => {
    const offset = offsets.get(`${source}:${begin}`) as number
    return { file: basename(weights), begin: offset, end: offset + end - begin }
  }
  const bytes = encodeOnnx(writeOnnx(graph, { locate, forOthers: true }))
  await writeFileAtomically(weights, readWeights([...sources.values()]))
  await writeFileAtomically(path, [bytes])
  return { file: path, weights, bytes: bytes.length + length }
}

/** The bytes of all weights, with the gaps between them. */
async function* readWeights(sources: readonly TensorInfo[]): AsyncIterable<Uint8Array> {
  let position = 0
  for (const source of sources) {
    const gap = -position & (ALIGNMENT - 1)
    if (gap > 0) yield new Uint8Array(gap)
    yield* tensorBytes(source)
    position += gap + source.end - source.begin
  }
}
