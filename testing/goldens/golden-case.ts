/** One case of a folder of goldens: its description and its tensors. */
import { join } from 'node:path'
import { SafetensorsFile } from '../../components/checkpoints/safetensors-file'
import type { Tolerance } from '../tensors/tensor-differences'

export type { Tolerance } from '../tensors/tensor-differences'

/** Something in a case that this runner has no counterpart for. */
export class UnsupportedGoldenError extends Error {
  constructor(what: string) {
    super(`not supported: ${what}`)
    this.name = 'UnsupportedGoldenError'
  }
}

/** A recorded tensor, as it is in the file. */
export interface GoldenTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  /** Integers come as numbers too: none of the goldens' exceed 2⁵³. */
  readonly values: Float32Array | Float64Array
}

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>

/** A case with lazy access to its tensors. */
export class GoldenCase {
  private constructor(
    readonly area: string,
    readonly name: string,
    /** Folder of the case. */
    readonly folder: string,
    /** Contents of case.json. */
    readonly json: Json,
    private readonly file: SafetensorsFile | undefined,
  ) {}

  /** Opens a case. Close it afterwards. */
  static async open(area: string, name: string, folder: string, json: Json): Promise<GoldenCase> {
    const hasTensors = Object.keys((json.tensors as Json | undefined) ?? {}).length > 0
    const file = hasTensors ? await SafetensorsFile.open(join(folder, String(json.io ?? 'io.safetensors'))) : undefined
    return new GoldenCase(area, name, folder, json, file)
  }

  /** Names of the tensors. */
  get tensorNames(): readonly string[] {
    return Object.keys((this.json.tensors as Json | undefined) ?? {})
  }

  /** Reads a tensor. */
  async tensor(name: string): Promise<GoldenTensor> {
    if (this.file === undefined) throw new UnsupportedGoldenError(`tensor "${name}": the case has no io.safetensors`)
    const { dtype, shape } = this.file.info(name)
    return { name, shape, dtype, values: await readValues(this.file, name, dtype) }
  }

  /** The tolerance that the case states, or one that is given for its area. */
  tolerance(fallback: Tolerance, part?: string): Tolerance {
    const stated = part === undefined ? this.json.tolerance : (this.json.tolerance as Json | undefined)?.[part]
    if (stated === 'exact') return { atol: 0, rtol: 0 }
    if (typeof stated !== 'object' || stated === null || !('atol' in stated)) return fallback
    return { rtol: 0, ...(stated as { atol: number; rtol?: number }) }
  }

  /** Gives the file back. */
  async close(): Promise<void> {
    await this.file?.close()
  }
}

async function readValues(file: SafetensorsFile, name: string, dtype: string): Promise<Float32Array | Float64Array> {
  if (dtype.startsWith('F') && dtype !== 'F64') return file.readFloat32(name)
  if (dtype.startsWith('BF')) return file.readFloat32(name)
  const bytes = await file.readBytes(name)
  const aligned = bytes.slice().buffer
  switch (dtype) {
    case 'F64':
      return new Float64Array(aligned)
    case 'I64':
      return Float64Array.from(new BigInt64Array(aligned), Number)
    case 'I32':
      return Float64Array.from(new Int32Array(aligned))
    case 'U8':
    case 'BOOL':
      return Float64Array.from(new Uint8Array(aligned))
    default:
      throw new UnsupportedGoldenError(`tensor "${name}" of dtype ${dtype}`)
  }
}
