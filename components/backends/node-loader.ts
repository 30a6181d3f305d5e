/** The backends that run TensorFlow's C library: @tensorflow/tfjs-node-gpu and @tensorflow/tfjs-node. */
import * as tf from '../tensors/tf'
import { BackendLoadError, type BackendLoader } from './backend-loader'
import { isInstalled } from './optional-package'
import { quietly } from './quietly'
import { restoreRemovedNodeFunctions } from './removed-node-functions'

/** Both packages register under this name, so a process can hold one of them. */
const TFJS_NAME = 'tensorflow'

/** What `node-gpu` computes on if it finds a GPU. */
export const CUDA_DEVICE = 'CUDA GPU'

export const nodeGpuLoader = nodeLoader('node-gpu', '@tensorflow/tfjs-node-gpu')
export const nodeCpuLoader = nodeLoader('node', '@tensorflow/tfjs-node')

/** What the packages add to a backend. */
interface NodeBackend extends tf.KernelBackend {
  isGPUPackage: boolean
  isUsingGpuDevice: boolean
}

function nodeLoader(name: 'node-gpu' | 'node', packageName: string): BackendLoader {
  return {
    name,
    async load({ threads }) {
      if (!isInstalled(packageName)) {
        throw new BackendLoadError(
          `The package ${packageName} is not installed (npm install ${packageName}@${tf.version_core}).`,
        )
      }
      let backend = tf.findBackend(TFJS_NAME) as NodeBackend | null
      if (backend === null) {
        restoreRemovedNodeFunctions()
        // Read by TensorFlow when it loads: of its log, errors alone are worth a line.
        process.env.TF_CPP_MIN_LOG_LEVEL ??= '3'
        if (threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS = String(threads)
        quietly(() => require(packageName))
        backend = tf.findBackend(TFJS_NAME) as NodeBackend
      }
      if (backend.isGPUPackage !== (name === 'node-gpu')) {
        throw new BackendLoadError('The other of the two tfjs-node packages is already in this process.')
      }
      return {
        tfjsName: TFJS_NAME,
        device: backend.isUsingGpuDevice ? CUDA_DEVICE : name === 'node' ? 'CPU' : 'CPU (no CUDA device found)',
        version: `${packageName} ${tf.version_core}`,
      }
    },
  }
}
