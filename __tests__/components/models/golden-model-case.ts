/** A golden case of a model: its folder, its calls with their tensors, and the comparison with what ours computes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { SafetensorsFile } from '../../../components/checkpoints/safetensors-file'
import type { Module } from '../../../components/nn/module'
import { tapOutputs } from '../../../components/nn/tap-outputs'
import { toCamelCase } from '../../../src/format/wire-names'
import { expectClose, type PlainTensor } from '../../../testing/goldens/compare'
import type { Tolerance } from '../../../testing/goldens/golden-case'

interface TensorName {
  tensor: string
}

/** One call of a case. */
export interface GoldenCall {
  name: string
  call: string
  arguments: Readonly<Record<string, unknown>>
  outputs: Readonly<Record<string, TensorName>>
  intermediates?: Readonly<Record<string, TensorName>>
}

/** Where the case of this name lies. */
export function goldenFolder(name: string): string {
  return join(__dirname, '..', '..', 'goldens', 'models', name)
}

/** The calls of a case, known before anything is read. */
export function goldenCalls(name: string): GoldenCall[] {
  const { calls } = JSON.parse(readFileSync(join(goldenFolder(name), 'case.json'), 'utf8')) as { calls: GoldenCall[] }
  return calls
}

/** The tensors of a case. */
export class GoldenModelCase {
  private constructor(
    private readonly tolerance: Tolerance,
    private readonly tensors: ReadonlyMap<string, PlainTensor & { dtype: string }>,
  ) {}

  /** Reads a case. */
  static async open(name: string): Promise<GoldenModelCase> {
    const folder = goldenFolder(name)
    const { tolerance } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as { tolerance: Tolerance }
    const file = await SafetensorsFile.open(join(folder, 'io.safetensors'))
    const tensors = new Map<string, PlainTensor & { dtype: string }>()
    for (const key of file.keys) {
      const { dtype, shape } = file.info(key)
      const bytes = dtype === 'F32' ? undefined : (await file.readBytes(key)).buffer
      if (bytes === undefined) tensors.set(key, { dtype, shape, values: await file.readFloat32(key) })
      else if (dtype === 'BOOL') tensors.set(key, { dtype, shape, values: new Uint8Array(bytes) })
      else tensors.set(key, { dtype, shape, values: Array.from(new BigInt64Array(bytes), Number) })
    }
    await file.close()
    return new GoldenModelCase(tolerance, tensors)
  }

  /** The arguments of a call with our names: `added_cond_kwargs.time_ids` → `{ addedCondKwargs: { timeIds } }`. */
  inputs<T>(call: GoldenCall): T {
    const inputs: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(call.arguments)) {
      const [name = '', part] = key.split('.').map(toCamelCase)
      const input = isTensorName(value) ? this.input(value.tensor) : value
      if (part === undefined) inputs[name] = input
      else if (/^\d+$/.test(part)) inputs[name] = [...((inputs[name] as unknown[]) ?? []), input]
      else inputs[name] = { ...(inputs[name] as object), [part]: input }
    }
    return inputs as T // The caller knows what this call takes.
  }

  /** Runs a call with all submodules tapped, and compares each with the recorded intermediate. */
  withTaps<T>(call: GoldenCall, model: Module, run: () => T): T {
    const wanted = new Map(Object.entries(call.intermediates ?? {}))
    const stop = tapOutputs(model, (name, output) => {
      // The reference's transformers return a tuple of one.
      for (const key of [name, `${name}.0`]) {
        const recorded = wanted.get(key)
        if (recorded === undefined) continue
        this.expectEqual(recorded.tensor, output)
        wanted.delete(key)
      }
    })
    try {
      const result = run()
      expect([...wanted.keys()]).toEqual([])
      return result
    } finally {
      stop()
    }
  }

  /** Compares the outputs of a call. */
  expectOutputs(call: GoldenCall, outputs: Readonly<Record<string, tf.Tensor>>): void {
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(call.outputs).sort())
    for (const [name, { tensor }] of Object.entries(call.outputs)) this.expectEqual(tensor, outputs[name] as tf.Tensor)
  }

  private input(name: string): tf.Tensor {
    const { shape, values, dtype } = this.recorded(name)
    return tf.tidy(() => {
      const type = dtype === 'F32' ? 'float32' : dtype === 'BOOL' ? 'bool' : 'int32'
      const tensor = tf.tensor(values as Float32Array, [...shape], type)
      return shape.length === 4 ? tensor.transpose([0, 2, 3, 1]) : tensor
    })
  }

  private expectEqual(name: string, ours: tf.Tensor): void {
    const [shape, values] = tf.tidy(() => {
      const plain = ours.rank === 4 ? ours.transpose([0, 3, 1, 2]) : ours
      return [plain.shape, plain.dataSync()]
    })
    expectClose(name, { shape, values }, this.recorded(name), this.tolerance)
  }

  private recorded(name: string): PlainTensor & { dtype: string } {
    const tensor = this.tensors.get(name)
    if (tensor === undefined) throw new Error(`The case has no tensor ${name}.`)
    return tensor
  }
}

function isTensorName(value: unknown): value is TensorName {
  return typeof value === 'object' && value !== null && 'tensor' in value
}
