/** A GPU in software, for tests of WebGPU on machines without one: SwiftShader, which Debian's package chromium-common brings. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from './run-script'

const DRIVERS = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/share/vulkan/icd.d/vk_swiftshader_icd.json']
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1']

/** The driver's description for the Vulkan loader; `undefined` if none exists. */
const driver = LOADERS.some(existsSync) ? DRIVERS.find(existsSync) : undefined

/** `test` where there is such a device, otherwise a test that is skipped and says why. */
export const testOnSoftwareGpu: jest.It = driver
  ? test
  : (((name: string, ...rest: [jest.ProvidesCallback, number?]) =>
      test.skip(`${name} (no software GPU here: apt-get install chromium-common libvulkan1)`, ...rest)) as jest.It)

/** Runs a script on that device, in a process of its own, and gives what it printed as JSON. */
export function onSoftwareGpu<T>(script: string): Promise<T> {
  return runScript<T>(script, { VK_ICD_FILENAMES: driver as string, VK_DRIVER_FILES: driver as string })
}

/** Folder of the golden case of a model. */
export function goldenModel(name: string): string {
  return join(__dirname, '..', '..', 'goldens', 'models', name)
}
