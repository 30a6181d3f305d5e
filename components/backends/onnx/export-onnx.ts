/** Writes a model to an .onnx file that needs nothing else. */

import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { pathOf } from '../../../src/files/path-of'
import { writeFileAtomically } from '../../../src/files/write-file-atomically'
import type { TensorInfo } from '../../checkpoints/checkpoint'
import type { Module } from '../../nn/module'
import type { Parameter } from '../../nn/parameter'
import { capture } from '../recorder/capture'
import { parametersOf } from '../recorder/graph'
import { removeOldSideFiles, SideFile, sideFileName } from './side-file'
import { encodeOnnx, writeOnnx } from './write-onnx'

/** Bytes of weights up to which they are part of the model's own file. A file of more than 2 GB is not an ONNX model. */
const SIDE_FILE_BYTES = 2 ** 25

/** A function of a model to be written. */
export interface ExportOptions<I> {
  /** The model whose weights are written. */
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
 * Large weights, in files or in memory, go to `file.data` beside the model. If that file exists, they go to a new one,
 * `file.<8 digits>.data`, and the old ones are removed once the model is replaced. So a crash in between leaves a model
 * with its own weights.
 *
 * @param file - name of the model's file
 * @throws UnwritableFileError; what the model throws for inputs that do not fit; UnsupportedKernelError, RecordedValueError
 */
export async function exportOnnx<I>(
  { model, forward, inputs }: ExportOptions<I>,
  file: string | URL,
): Promise<ExportedFiles> {
  const path = pathOf(file, 'file')
  const { graph } = capture(model, inputs, forward)
  const weights = new SideFile(parametersOf(graph))
  if (weights.weightBytes <= SIDE_FILE_BYTES) {
    const bytes = encodeOnnx(writeOnnx(graph, { toPyTorchLayout: true }))
    await writeFileAtomically(path, [bytes])
    return { file: path, weights: undefined, bytes: bytes.length }
  }
  const side = sideFileName(path)
  const locate = (weight: TensorInfo | Parameter) => ({ file: basename(side), ...weights.placeOf(weight) })
  const bytes = encodeOnnx(writeOnnx(graph, { locate, locateMemory: locate, toPyTorchLayout: true }))
  try {
    await writeFileAtomically(side, weights.bytes())
    await writeFileAtomically(path, [bytes])
  } catch (error) {
    await rm(side, { force: true }).catch(() => undefined)
    throw error
  }
  await removeOldSideFiles(path, side)
  return { file: path, weights: side, bytes: bytes.length + weights.length }
}
