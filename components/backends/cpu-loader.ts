/** The backend in plain JavaScript: always there, and slow. */
import * as tf from '../tensors/tf'
import type { BackendLoader } from './backend-loader'
import { registerCpuClip } from './kernels/cpu-clip'
import { registerCpuLinearCombination } from './kernels/cpu-linear-combination'

export const cpuLoader: BackendLoader = {
  name: 'cpu',
  async load() {
    // Greets the user on the console at its first tensor, unless it believes that it has already.
    const backend = tf.findBackend('cpu') as tf.KernelBackend & { firstUse: boolean }
    backend.firstUse = false
    registerCpuLinearCombination()
    registerCpuClip()
    return { tfjsName: 'cpu', device: 'CPU, plain JavaScript', version: `@tensorflow/tfjs ${tf.version_core}` }
  },
}
