/** The memories that weights can be in. */
import type { ModelMemory } from '../../src/manager/managed-model'
import { availableMemory } from '../../src/platform/available-memory'

/** That of the processor. */
export const HOST_MEMORY: ModelMemory = { name: 'host', available: availableMemory }

/** That of a GPU. Neither TensorFlow.js nor ONNX Runtime can say how much of it is free. */
export function gpuMemory(name: string): ModelMemory {
  return { name, available: () => undefined }
}
