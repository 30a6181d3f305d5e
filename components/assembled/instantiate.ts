/** Makes the assembled modules ready to be called. */

/** What is used of the platform's WebAssembly, whose types Node's do not have. */
interface Platform {
  readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly CompileError: new () => Error
}

const PAGE = 65536

/**
 * A module with a memory of its own, of as many bytes at least; or undefined where there is no WebAssembly with SIMD, as under
 * `node --jitless`.
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
    throw error
  }
}
