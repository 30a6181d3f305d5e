/** The package of ONNX Runtime. It is an optional dependency: its install script downloads files, and where that fails npm leaves the package out. */
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import { currentFolder } from '../../../src/files/current-folder'
import { RuntimeUnavailableError } from './runtime-unavailable-error'

const PACKAGE = 'onnxruntime-node'

/** The version that an installation of Tesserae brings. */
const VERSION = '1.30.0'

/** How to install the package without its CUDA files. */
const INSTALL_RUNTIME = `Set ONNXRUNTIME_NODE_INSTALL=skip in the environment and run npm install ${PACKAGE}@${VERSION}.`

/** Returns why ONNX Runtime cannot be loaded on this machine, as sentences; `undefined` if it can be. */
export function runtimeProblem(): string | undefined {
  const folder = runtimePackageFolder()
  if (folder === undefined) return `The package ${PACKAGE} is not installed. ${INSTALL_RUNTIME}`
  if (libraries(folder).includes('onnxruntime_binding.node')) return undefined
  return `${PACKAGE} has no library for ${process.platform} on ${process.arch}.`
}

/** Whether ONNX Runtime is installed, with a library for this system. */
export function hasRuntime(): boolean {
  return runtimeProblem() === undefined
}

/** @throws RuntimeUnavailableError if ONNX Runtime cannot be loaded */
export function requireRuntime(): void {
  const problem = runtimeProblem()
  if (problem !== undefined) throw new RuntimeUnavailableError(problem)
}

/** Whether the install script of the package has downloaded its libraries for CUDA. */
export function hasCudaProvider(): boolean {
  const folder = runtimePackageFolder()
  return folder !== undefined && libraries(folder).some(name => name.includes('providers_cuda'))
}

/** Returns the version of the package; `unknown` if it is not installed. */
export function runtimeVersion(): string {
  const file = findRuntimePackage('package.json')
  return file === undefined ? 'unknown' : (createRequire(file)(file) as { version: string }).version
}

/**
 * Finds a file of the package, by default its main module, as `require.resolve()` does from here, from the program that runs, or from the current
 * folder. The package stays outside of bundles, which may lie anywhere, and bundlers replace `require.resolve`.
 *
 * @returns `undefined` if the package is not installed
 */
export function findRuntimePackage(file = ''): string | undefined {
  const here = currentFolder()
  for (const base of [__filename, process.argv[1], here && join(here, 'index.js')]) {
    if (base === undefined || !isAbsolute(base)) continue
    try {
      return createRequire(base).resolve(file === '' ? PACKAGE : `${PACKAGE}/${file}`)
    } catch {
      // The next place may have it.
    }
  }
  return undefined
}

function runtimePackageFolder(): string | undefined {
  const file = findRuntimePackage('package.json')
  return file === undefined ? undefined : dirname(file)
}

/** Names of the package's files for this system. */
function libraries(packageFolder: string): string[] {
  const folder = join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch)
  return existsSync(folder) ? readdirSync(folder) : []
}
