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
 * A module with a memory of its own, of as many bytes at least; or undefined where there is no WebAssembly with SIMD, as under
 * `node --jitless`, or no room for its memory: then a warning says so once.
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
    `Noise and scheduler steps are computed in JavaScript, which is slower: WebAssembly gets no memory (${message}). ` +
    'Raise the limit of address space ("ulimit -v") to 24 GB or more, or start Node with --disable-wasm-trap-handler.'
  )
}
