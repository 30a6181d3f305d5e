/** What `doctor` advises, machine by machine. */
import { gpuAdvice } from '../../../components/backends/gpu-advice'
import { findGpuFacts, type GpuFacts } from '../../../components/backends/gpu-facts'
import type { BackendProbe } from '../../../components/backends/probe-backends'

const machine: GpuFacts = { platform: 'linux', arch: 'x64', nvidiaGpus: [], cudaLibraries: [], packages: [] }
const withGpu: GpuFacts = { ...machine, nvidiaGpus: ['NVIDIA H200, 550.54.15'], cudaLibraries: ['libcudart.so.12'] }
const cudaPackage = ['@tensorflow/tfjs-node-gpu']

function probe(name: BackendProbe['name'], result: Partial<BackendProbe>): BackendProbe {
  return { name, works: false, log: '', ...result }
}

test('says nothing where a GPU computes already', () => {
  expect(gpuAdvice([probe('node-gpu', { works: true, device: 'CUDA GPU' })], withGpu)).toEqual([])
  expect(gpuAdvice([probe('webgpu', { works: true, device: 'Radeon' })], machine)).toEqual([])
})

test('advises WebGPU where there is no NVIDIA GPU', () => {
  expect(gpuAdvice([], machine)).toEqual([
    expect.stringContaining('nvidia-smi names none'),
    expect.stringContaining('npm install webgpu'),
  ])
})

test('advises no CUDA where its package does not exist', () => {
  const [cuda] = gpuAdvice([], { ...machine, platform: 'darwin', arch: 'arm64' })
  expect(cuda).toMatch(/made for Linux and Windows on x64; this is darwin on arm64/)
})

test('names what the native library wants, what was found, and how to install it', () => {
  const [facts, step] = gpuAdvice([probe('node-gpu', {})], withGpu)
  expect(facts).toMatch(/NVIDIA H200, 550\.54\.15.*CUDA 11\.2, cuDNN 8\.1.*finds libcudart\.so\.12/)
  expect(step).toContain('npm install @tensorflow/tfjs-node-gpu@4.22.0')
})

test('repeats the reason why the package does not load', () => {
  const facts = { ...withGpu, packages: cudaPackage }
  const [, step] = gpuAdvice([probe('node-gpu', { reason: 'The addon can not be found.' })], facts)
  expect(step).toMatch(/does not load\. The addon can not be found\. npm rebuild/)
})

test('names the libraries that TensorFlow missed', () => {
  const log = [
    "Could not load dynamic library 'libcudart.so.11.0'; dlerror",
    "Could not load dynamic library 'libcudnn.so.8'",
  ]
  const missing = probe('node-gpu', { works: true, device: 'CPU', log: [...log, log[0]].join('\n') })
  const facts = { ...withGpu, packages: cudaPackage }
  expect(gpuAdvice([missing], facts)[1]).toContain('missed libcudart.so.11.0, libcudnn.so.8.')
  expect(gpuAdvice([{ ...missing, log: '' }], facts)[1]).toContain('finds no GPU that it can use')
})

test('repeats what speaks against the WebGPU adapter', () => {
  const software = probe('webgpu', { works: true, caveat: 'SwiftShader is slow.' })
  expect(gpuAdvice([software], { ...machine, packages: ['webgpu'] })[1]).toContain('SwiftShader is slow.')
})

test('finds facts on every machine', async () => {
  expect(await findGpuFacts()).toMatchObject({ platform: process.platform, arch: process.arch })
})
