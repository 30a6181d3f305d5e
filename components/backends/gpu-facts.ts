/** What a machine has for computing on an NVIDIA GPU. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { isInstalled } from './optional-package'

/** Packages through which a GPU can be had. */
export const GPU_PACKAGES = { cuda: '@tensorflow/tfjs-node-gpu', webgpu: 'webgpu' } as const

/** GPUs and libraries that were found. */
export interface GpuFacts {
  platform: NodeJS.Platform
  /** Processor architecture as Node names it, e.g. `x64`. */
  arch: string
  /** Name and driver of each NVIDIA GPU, as nvidia-smi gives them: `NVIDIA H200, 550.54.15`. */
  nvidiaGpus: readonly string[]
  /** CUDA and cuDNN libraries that the dynamic linker finds, e.g. `libcudart.so.12`. */
  cudaLibraries: readonly string[]
  /** Those of {@link GPU_PACKAGES} that are installed. */
  packages: readonly string[]
}

/** Asks nvidia-smi and ldconfig; where one of them is missing, so is what it would tell. */
export async function findGpuFacts(): Promise<GpuFacts> {
  const [gpus, libraries] = await Promise.all([
    output('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader']),
    output('ldconfig', ['-p']),
  ])
  return {
    platform: process.platform,
    arch: process.arch,
    nvidiaGpus: gpus.split(/\r?\n/).filter(line => line !== ''),
    cudaLibraries: [...new Set(libraries.match(/\blib(?:cudart|cudnn)\.so\.[\d.]+/g))].sort(),
    packages: Object.values(GPU_PACKAGES).filter(isInstalled),
  }
}

async function output(program: string, args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { timeout: 10_000 })).stdout
  } catch {
    return ''
  }
}
