/** Loads the weights of a module from a checkpoint. Counterpart: torch.nn.Module.load_state_dict. */
import { classNameOf } from '../../src/format/class-name'
import { runInSlices, TimeSlice } from '../../src/runtime/time-slice'
import type { Checkpoint } from '../checkpoints/checkpoint'
import { weightFileError, wrongDType } from '../checkpoints/format-errors'
import { type FloatDType, holdsFloats } from '../checkpoints/weight-dtypes'
import { countNonFiniteAsync } from '../tensors/non-finite'
import type { Module } from './module'
import type { Parameter } from './parameter'
import { type MisshapenKey, StateDictError } from './state-dict-error'
import { unwrapKey } from './wrapper-names'

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
  /** Refuses NaN and infinity; also reads weights that stay in their files. Default: false. */
  requiresFinite?: boolean | undefined
}

/** What {@link loadStateDict} found in a checkpoint besides what the module needs. */
export interface LoadedStateDict {
  /** Keys that the module does not use. */
  readonly unused: readonly string[]
  /** Keys that fit once the names that wrappers such as torch.compile put into them were removed. */
  readonly unwrapped: readonly string[]
}

/**
 * Loads every parameter of a module, one tensor at a time, or binds it to its place in the checkpoint. If anything fails, the module
 * is left without weights. Keys that the module does not use are ignored, as in Python.
 *
 * @throws StateDictError before anything is read, with all keys that are missing, of another shape, or there twice
 * @throws SafetensorsError for a weight that is not of floats, or with `requiresFinite` for one with NaN or infinity
 * @throws the reason of `signal`, once it has fired
 */
export async function loadStateDict(
  module: Module,
  checkpoint: Checkpoint,
  options: LoadStateDictOptions = {},
): Promise<LoadedStateDict> {
  const { matches, ...found } = await runInSlices(
    match(module, checkpoint, options.rename ?? (key => key)),
    options.signal,
  )
  try {
    const slice = new TimeSlice(options.signal)
    for (const [key, parameter] of matches) {
      options.signal?.throwIfAborted()
      if (slice.isOver) await slice.next()
      const info = checkpoint.info(key)
      if (!holdsFloats(info.dtype)) throw wrongDType(checkpoint.path, key, info.dtype)
      const values = options.lazy && !options.requiresFinite ? undefined : await checkpoint.readFloat32(key)
      if (values && options.requiresFinite) await requireFinite(values, info.file, key, options.signal)
      if (options.lazy || values === undefined) parameter.bind(info, options.dtype)
      else await parameter.loadAsync(values, info, options.dtype)
    }
    options.signal?.throwIfAborted()
  } catch (error) {
    module.dispose()
    throw error
  }
  return found
}

/** @throws SafetensorsError or GGUFError with the problem `non-finite`; the reason of `signal` */
async function requireFinite(
  values: Float32Array,
  file: string,
  tensor: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const wrong = await countNonFiniteAsync(values, signal)
  if (wrong === 0) return
  const detail = `has ${values.length} values, of which ${wrong} are NaN or infinite: the file is damaged. Download it again.`
  throw weightFileError(file, 'non-finite', detail, { tensor })
}

interface Match extends LoadedStateDict {
  /** The parameter of each key of the checkpoint. */
  readonly matches: ReadonlyMap<string, Parameter>
}

function* match(
  module: Module,
  checkpoint: Checkpoint,
  rename: (key: string) => string | null,
): Generator<void, Match, void> {
  const wanted = new Map(module.namedParameters())
  const matches = new Map<string, Parameter>()
  const unused: string[] = []
  const unwrapped: string[] = []
  const duplicates: string[] = []
  const misshapen: MisshapenKey[] = []
  const missing = new Set(wanted.keys())
  for (const key of checkpoint.keys) {
    yield
    const [asStored, unwrappedName] = [rename(key), rename(unwrapKey(key))]
    if (asStored === null || unwrappedName === null) continue
    const name = [asStored, unwrappedName].find(candidate => wanted.has(candidate))
    const parameter = name && wanted.get(name)
    if (!name || !parameter) {
      unused.push(key)
      continue
    }
    if (name !== asStored) unwrapped.push(key)
    if (!missing.delete(name)) duplicates.push(key)
    const got = checkpoint.info(key).shape
    if (got.join() === parameter.shape.join()) matches.set(key, parameter)
    else misshapen.push({ key, expected: parameter.shape, got })
  }
  if (missing.size + misshapen.length + duplicates.length > 0) {
    const problems = { missing: [...missing], unexpected: unused, misshapen, duplicates }
    throw new StateDictError(classNameOf(module), checkpoint.path, problems)
  }
  return { matches, unused, unwrapped }
}
