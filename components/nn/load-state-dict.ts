/** Loads the weights of a module from a checkpoint, strictly. Counterpart: torch.nn.Module.load_state_dict. */
import { classNameOf } from '../../src/format/class-name'
import type { Checkpoint } from '../checkpoints/checkpoint'
import type { FloatDType } from '../checkpoints/weight-dtypes'
import type { Module } from './module'
import type { Parameter } from './parameter'
import { type MisshapenKey, StateDictError } from './state-dict-error'

/** How a state dict is loaded. */
export interface LoadStateDictOptions {
  /** The model's name for a key of the checkpoint, where older files use another; `null` leaves the key out. */
  rename?: (key: string) => string | null
  /** Stops the loading between two tensors. */
  signal?: AbortSignal | undefined
  /** Leaves the weights in their files until something asks for them. Default: false. */
  lazy?: boolean | undefined
  /** What the weights are cast to. Default: they stay as they are stored. */
  dtype?: FloatDType | undefined
}

/**
 * Loads every parameter of a module, one tensor at a time, or binds it to its place in the checkpoint. If anything fails, the module
 * is left without weights.
 *
 * @throws StateDictError before anything is read, with all keys that are missing, unexpected or of another shape
 * @throws the reason of `signal`, once it has fired
 */
export async function loadStateDict(
  module: Module,
  checkpoint: Checkpoint,
  options: LoadStateDictOptions = {},
): Promise<void> {
  const matches = match(module, checkpoint, options.rename ?? (key => key))
  try {
    for (const [key, parameter] of matches) {
      options.signal?.throwIfAborted()
      if (options.lazy) parameter.bind(checkpoint.info(key), options.dtype)
      else parameter.load(await checkpoint.readFloat32(key), checkpoint.info(key), options.dtype)
    }
    options.signal?.throwIfAborted()
  } catch (error) {
    module.dispose()
    throw error
  }
}

/** The parameter of each key of the checkpoint. */
function match(module: Module, checkpoint: Checkpoint, rename: (key: string) => string | null): Map<string, Parameter> {
  const wanted = new Map(module.namedParameters())
  const matches = new Map<string, Parameter>()
  const unexpected: string[] = []
  const misshapen: MisshapenKey[] = []
  for (const key of checkpoint.keys) {
    const name = rename(key)
    if (name === null) continue
    const parameter = wanted.get(name)
    if (parameter === undefined) {
      unexpected.push(key)
      continue
    }
    wanted.delete(name)
    const got = checkpoint.info(key).shape
    if (got.join() === parameter.shape.join()) matches.set(key, parameter)
    else misshapen.push({ key, expected: parameter.shape, got })
  }
  const missing = [...wanted.keys()]
  if (missing.length + unexpected.length + misshapen.length > 0) {
    throw new StateDictError(classNameOf(module), checkpoint.path, { missing, unexpected, misshapen })
  }
  return matches
}
