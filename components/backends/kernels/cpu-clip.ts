/** Clipping on the backend in plain JavaScript, deferred as the sums around it are. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import * as tf from '../../tensors/tf'
import { deferTensor } from './deferred-values'

/** Puts the kernel beside those of the package. A second call does nothing. */
export function registerCpuClip(): void {
  if (tf.getKernel('Clip', 'cpu') !== undefined) return
  tf.registerKernel({
    kernelName: 'Clip',
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const limit = Math.fround(attrs?.limit as number)
      return deferTensor(backend as MathBackendCPU, [inputs.x as tf.TensorInfo], (vectors, count, out, [x]) =>
        vectors.clip(out, -limit, limit, x as number, count),
      )
    },
  })
}
