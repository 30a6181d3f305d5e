/** The WebGPU backend, where the optional package `webgpu` (Dawn) finds a graphics driver: any vendor, no CUDA. */
import { pathToFileURL } from 'node:url'
import * as tf from '../tensors/tf'
import { BackendLoadError, type BackendLoader } from './backend-loader'
import { initialiseBackend } from './initialise-backend'
import { isInstalled } from './optional-package'
import { quietly } from './quietly'

const PACKAGE = '@tensorflow/tfjs-backend-webgpu'

/** The part of the package that is used; its own types are there only where it is installed. */
interface WebGPUPackage {
  create(options: string[]): { requestAdapter(): Promise<Adapter | null> }
  /** The classes and constants that WebGPU puts on the global object of a browser. */
  globals: Record<string, unknown>
}
interface Adapter {
  info: { vendor: string; architecture: string; description: string; isFallbackAdapter: boolean }
}

export const webgpuLoader: BackendLoader = {
  name: 'webgpu',
  async load() {
    for (const name of ['webgpu', PACKAGE]) {
      if (isInstalled(name)) continue
      throw new BackendLoadError(
        `The package ${name} is not installed (npm install webgpu ${PACKAGE}@${tf.version_core}).`,
      )
    }
    requireVulkan()
    // An ES module, unlike everything else here: `require` cannot read it in every Node 20.
    const { create, globals } = (await import(pathToFileURL(require.resolve('webgpu')).href)) as WebGPUPackage
    const gpu = create([])
    const adapter = await gpu.requestAdapter()
    if (adapter === null) {
      throw new BackendLoadError('WebGPU finds no GPU with a driver for Vulkan, Metal or Direct3D 12.')
    }
    Object.assign(globalThis, globals)
    // Node 21 brought a navigator, to which no property can be assigned but one be defined; Node 20 has none.
    const navigator: object = Reflect.get(globalThis, 'navigator') ?? {}
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true })
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })

    quietly(() => require(PACKAGE))
    await initialiseBackend('webgpu')
    const { vendor, architecture, description, isFallbackAdapter } = adapter.info
    return {
      tfjsName: 'webgpu',
      device: [description, vendor, architecture].filter(text => text !== '').join(', ') || 'GPU',
      version: `${PACKAGE} ${tf.version_core}`,
      ...(isFallbackAdapter && { caveat: `${description} is a software GPU, which is slower than the CPU backends.` }),
    }
  },
}

/** Dawn writes to the terminal where the Vulkan loader is missing; this says it with what helps instead. */
function requireVulkan(): void {
  if (process.platform !== 'linux') return
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1')
  } catch (error) {
    // Where the library is found, Node complains only that it is not a module of its own.
    if (String(error).includes('cannot open shared object file')) {
      throw new BackendLoadError(
        'The Vulkan loader is not installed (libvulkan1 on Debian and Ubuntu, vulkan-loader on Fedora).',
      )
    }
  }
}
