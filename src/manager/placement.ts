/** Where a model computes and what its weights are made of. Counterpart: the arguments of torch.nn.Module.to. */
import { InputTypeError } from '../errors/input-type-error'
import { COMPONENT_DTYPES, type ComponentDType } from '../params/component-class'

/** What a model is moved to; what is left out stays as it is. */
export interface Placement {
  /** What computes the calls, e.g. `cpu`, `cuda` or `webgpu`. */
  readonly device?: string | undefined
  /** Element type of the weights. */
  readonly dtype?: ComponentDType | undefined
}

/** The arguments of `to()`: `to('float16')`, `to('webgpu')`, `to('webgpu', 'float16')`, `to({ device, dtype })`. */
export type PlacementArguments = readonly [
  target: ComponentDType | 'cpu' | 'cuda' | 'webgpu' | (string & {}) | Placement,
  dtype?: ComponentDType,
]

/**
 * What the arguments of `to()` ask for.
 *
 * @throws InputTypeError for what names neither a device nor a dtype, for two of one kind, and for a dtype before a device
 */
export function readPlacement(given: readonly unknown[]): Placement {
  const [target, dtype] = given
  if (given.length === 0 || given.length > 2) throw wrong('arguments', given, 'to() takes a device, a dtype, or both')
  const isPlacement = typeof target === 'object' && target !== null
  if (dtype !== undefined && (isPlacement || isDType(target))) {
    throw wrong('arguments', given, 'to() takes one device, followed by one dtype')
  }
  if (isPlacement) return checkedPlacement(target)
  return checkedPlacement(isDType(target) ? { dtype: target } : { device: target, dtype })
}

function checkedPlacement({ device, dtype }: { device?: unknown; dtype?: unknown }): Placement {
  if (device !== undefined && typeof device !== 'string') throw wrong('device', device, 'it is the name of a device')
  if (dtype !== undefined && !isDType(dtype)) throw wrong('dtype', dtype, `it is one of ${COMPONENT_DTYPES.join(', ')}`)
  if (device === undefined && dtype === undefined) throw wrong('device', device, 'name a device, a dtype, or both')
  return { device, dtype }
}

function isDType(value: unknown): value is ComponentDType {
  return COMPONENT_DTYPES.includes(value as ComponentDType)
}

function wrong(input: string, value: unknown, expected: string): InputTypeError {
  return new InputTypeError({ path: ['to'], input, kind: 'argument', value, expected })
}
