/** Backends for tests: real kernels of the cpu backend under another name, and ways for them to fail. */
import * as tf from '@tensorflow/tfjs'
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu'
import { BackendLoadError, type BackendLoader, type BackendName } from '../../../components/backends/backend-loader'

/** A loader that counts how often it was asked. */
export interface FakeLoader extends BackendLoader {
  loads: number
}

/** Registers a copy of the cpu backend. */
export function workingLoader(name: BackendName, caveat?: string): FakeLoader {
  const tfjsName = `fake-${name}`
  return {
    name,
    loads: 0,
    async load() {
      this.loads++
      registerCopy(tfjsName)
      return { tfjsName, device: `fake ${name}`, version: '1', ...(caveat !== undefined && { caveat }) }
    },
  }
}

/** Registers a copy of the cpu backend in which one kernel gives zeros. */
export function wrongLoader(name: BackendName, kernelName: string): FakeLoader {
  const loader = workingLoader(name)
  const load = loader.load
  loader.load = async options => {
    const loaded = await load.call(loader, options)
    const kernel = tf.getKernel(kernelName, 'cpu')
    tf.unregisterKernel(kernelName, loaded.tfjsName)
    tf.registerKernel({
      kernelName,
      backendName: loaded.tfjsName,
      kernelFunc: params => {
        const result = kernel.kernelFunc(params) as tf.TensorInfo
        ;(params.backend as MathBackendCPU).data.get(result.dataId).values = new Float32Array(
          tf.util.sizeFromShape(result.shape),
        )
        return result
      },
    })
    return loaded
  }
  return loader
}

/** Has something to say, and no backend. */
export function failingLoader(name: BackendName, message: string): FakeLoader {
  return {
    name,
    loads: 0,
    async load() {
      this.loads++
      throw new BackendLoadError(message)
    },
  }
}

function registerCopy(tfjsName: string): void {
  const backend = new MathBackendCPU()
  // Otherwise it greets the user at its first tensor.
  Reflect.set(backend, 'firstUse', false)
  if (tf.findBackendFactory(tfjsName)) tf.removeBackend(tfjsName)
  tf.registerBackend(tfjsName, () => backend)
  for (const { kernelName } of tf.getKernelsForBackend(tfjsName)) tf.unregisterKernel(kernelName, tfjsName)
  tf.copyRegisteredKernels('cpu', tfjsName)
}
