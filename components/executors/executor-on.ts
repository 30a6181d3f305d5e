/** Finds what computes on a device, by PyTorch's name of it. */
import { UnknownValueError } from '../../src/errors/unknown-value-error'
import { COMPONENT_DTYPES } from '../../src/params/component-class'
import { CUDA_DEVICE } from '../backends/node-loader'
import { backendInUse } from '../backends/select-backend'
import { DeviceUnavailableError } from './device-unavailable-error'
import { eagerExecutor } from './eager-executor'
import type { Executor } from './executor'
import { hasRuntime } from './graph/runtime-package'
import { HOST_MEMORY } from './model-memories'
import { EXECUTION_PROVIDERS, type ExecutorSelection, selectExecutor } from './select-executor'

/** What may be passed instead of something that is not a device: dtypes too, as a caller that passes `fp16` means one. */
const NAMES = [...EXECUTION_PROVIDERS, ...COMPONENT_DTYPES]

/**
 * The executor for a device. A model that computes there already keeps its own.
 *
 * @param device `cpu`, `cuda`, `webgpu`, or what `device` of another model says
 * @param current what computes the model now
 * @throws UnknownValueError for a name that no device has; DeviceUnavailableError for one that is not here
 */
export async function executorOn(device: string, current: Executor): Promise<Executor> {
  if (isOn(device, current) || (device === 'cpu' && current.memory.name === HOST_MEMORY.name)) return current
  // A backend that only holds tensors for the runtime is not for models.
  if (backendInUse() !== undefined && isOn(device, eagerExecutor)) return eagerExecutor
  const provider = EXECUTION_PROVIDERS.find(name => device === name || device === `onnxruntime-${name}`)
  if (provider === undefined) throw new UnknownValueError('Tesserae', device, NAMES, 'device or dtype')
  // The kernels of TensorFlow.js compute where the runtime has no library.
  if (provider === 'cpu' && !hasRuntime()) return used(device, await selectExecutor({ executor: 'eager' }))
  return used(device, await selectExecutor({ executor: 'graph', provider }))
}

function isOn(device: string, executor: Executor): boolean {
  if (device === 'cuda' && executor.device === CUDA_DEVICE) return true
  return executor.backend === device || executor.backend === `onnxruntime-${device}`
}

/** Where a device is asked for, none takes its place. */
function used(device: string, { executor, tried, warning }: ExecutorSelection): Executor {
  if (warning === undefined) return executor
  throw new DeviceUnavailableError(device, tried.find(({ ok }) => !ok)?.reason ?? warning)
}
