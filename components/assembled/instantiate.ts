/** Makes the assembled modules ready to be called. */
import { emitWarning } from '../../src/errors/emit-warning'

/** What is used of the platform's WebAssembly, whose types Node's do not have. */
interface Platform {
  readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly CompileError: new () => Error
}

const PAGE = 65536

let hasWarned = false

/**
 * Returns a module with its own memory of at least as many bytes. Returns undefined, with one warning, without
 * WebAssembly SIMD (as under `node --jitless`) or without room for its memory.
 *
 * @param bytes in base64
 * @typeParam Functions what the module exports
 */
export function instantiate<Functions>(
  bytes: string,
  memoryLength: number,
): { functions: Functions; memory: ArrayBuffer } | undefined {
  const { WebAssembly: platform } = globalThis as { WebAssembly?: Platform }
  if (!platform) return undefined
  try {
    const memory = new platform.Memory({ initial: Math.ceil(memoryLength / PAGE) })
    const { exports } = new platform.Instance(new platform.Module(Buffer.from(bytes, 'base64')), { env: { memory } })
    // The caller knows what it has assembled.
    return { functions: exports as Functions, memory: memory.buffer }
  } catch (error) {
    if (error instanceof platform.CompileError) return undefined
    // V8 reserves some 10 GB of addresses for each memory, which a limit such as that of "ulimit -v" may forbid.
    if (error instanceof RangeError) {
      if (!hasWarned) emitWarning('NO_WASM_MEMORY', outOfAddresses(error))
      hasWarned = true
      return undefined
    }
    throw error
  }
}

function outOfAddresses({ message }: RangeError): string {
  return (
    `Noise and scheduler steps are computed in JavaScript, which is slower: WebAssembly could not allocate memory (${message}). ` +
    'Raise the limit of address space ("ulimit -v") to 24 GB or more, or start Node with --disable-wasm-trap-handler.'
  )
}
