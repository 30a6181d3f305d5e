/** What a user can do to compute on a GPU. */
import { GPU_PACKAGES, type GpuFacts } from './gpu-facts'
import { CUDA_DEVICE } from './node-loader'
import type { BackendProbe } from './probe-backends'

/**
 * What the published tfjs-node-gpu 4.22.0 wants. It brings TensorFlow 2.9.1 (its scripts/deps-constants.js); for that see
 * https://www.tensorflow.org/install/source#gpu
 */
const WANTED = 'CUDA 11.2, cuDNN 8.1 or a later 8, and an NVIDIA driver of at least 450.80.02'

/** Advice in sentences, CUDA first; none if a GPU computes already. */
export function gpuAdvice(probes: readonly BackendProbe[], facts: GpuFacts): string[] {
  const cuda = probes.find(({ name }) => name === 'node-gpu')
  const webgpu = probes.find(({ name }) => name === 'webgpu')
  if (cuda?.device === CUDA_DEVICE || (webgpu?.works && webgpu.caveat === undefined)) return []
  return [...cudaAdvice(cuda, facts), webgpuAdvice(webgpu, facts)]
}

function cudaAdvice(probe: BackendProbe | undefined, facts: GpuFacts): string[] {
  const { platform, arch, nvidiaGpus, cudaLibraries, packages } = facts
  if ((platform !== 'linux' && platform !== 'win32') || arch !== 'x64') {
    return [`CUDA: ${GPU_PACKAGES.cuda} is made for Linux and Windows on x64; this is ${platform} on ${arch}.`]
  }
  if (nvidiaGpus.length === 0) return ['CUDA: there is no NVIDIA GPU, or no driver for it: nvidia-smi names none.']

  const found = cudaLibraries.length === 0 ? 'neither CUDA nor cuDNN' : cudaLibraries.join(', ')
  const wanted = `${GPU_PACKAGES.cuda} needs ${WANTED}; the dynamic linker finds ${found}.`
  return [`CUDA: there is ${nvidiaGpus.join('; ')}. ${wanted}`, nextCudaStep(probe, packages)]
}

function nextCudaStep(probe: BackendProbe | undefined, packages: readonly string[]): string {
  if (!packages.includes(GPU_PACKAGES.cuda)) {
    return `CUDA: npm install ${GPU_PACKAGES.cuda}@4.22.0 adds it; while it installs, it downloads TensorFlow.`
  }
  if (!probe?.works) {
    const again = `npm rebuild ${GPU_PACKAGES.cuda} repeats its download`
    return `CUDA: the package is installed and does not load. ${probe?.reason ?? ''} ${again}.`
  }
  const missing = [...probe.log.matchAll(/Could not load dynamic library '([^']+)'/g)].map(([, name]) => name)
  return missing.length > 0
    ? `CUDA: TensorFlow missed ${[...new Set(missing)].join(', ')}. Install them, or add their folder to LD_LIBRARY_PATH.`
    : 'CUDA: TensorFlow loads and finds no GPU that it can use.'
}

function webgpuAdvice(probe: BackendProbe | undefined, { packages }: GpuFacts): string {
  if (!packages.includes(GPU_PACKAGES.webgpu)) {
    return 'WebGPU: npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0 computes on any GPU with a driver for Vulkan, Metal or Direct3D 12.'
  }
  return `WebGPU: ${probe?.caveat ?? probe?.reason ?? ''} On Linux, "vulkaninfo --summary" lists the GPUs with a driver.`
}
