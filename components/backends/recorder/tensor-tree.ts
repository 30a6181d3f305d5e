/** Arguments and results of models: tensors inside objects and lists. */
import * as tf from '../../tensors/tf'
import type { GraphDType, TensorSpec } from './graph'

/** Stands where a tensor is to be, when only its shape and type are known. */
export class TensorPlaceholder<Shape extends readonly number[] = readonly number[]> implements TensorSpec {
  constructor(
    /** Shape of the tensor. */
    readonly shape: Shape,
    /** Type of its elements. */
    readonly dtype: GraphDType = 'float32',
  ) {}
}

/** A tensor of a tree with the path to it: `sample`, `addedCondKwargs.timeIds`, `hiddenStates.3`. */
export interface TreeLeaf {
  readonly name: string
  readonly tensor: tf.Tensor | TensorPlaceholder
}

/** What a tree consists of. */
export interface FlatTree {
  readonly leaves: readonly TreeLeaf[]
  /** Equal for trees that differ in the numbers of their tensors alone. */
  readonly signature: string
}

/**
 * All tensors of a tree, in the order of its fields' names.
 *
 * @param root - name of the tensor where there is no tree around it
 */
export function flattenTree(tree: unknown, root = 'input'): FlatTree {
  const leaves: TreeLeaf[] = []
  const described = mapTree(
    tree,
    leaf => {
      leaves.push(leaf)
      return { tensor: `${leaf.tensor.dtype}[${leaf.tensor.shape}]` }
    },
    root,
  )
  return { leaves, signature: JSON.stringify(described, distinguish) ?? 'undefined' }
}

/** JSON has one word for all numbers that are not finite. */
function distinguish(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value
}

/**
 * The same tree with each tensor replaced.
 *
 * @param root - name of the tensor where there is no tree around it
 */
export function mapTree(tree: unknown, replace: (leaf: TreeLeaf) => unknown, root = 'input'): unknown {
  return mapNodes(tree, isTensor, (tensor, path) => replace({ name: path === '' ? root : path, tensor }), '')
}

/** The same tree with each instance of a class replaced. */
export function mapReplaced<T>(
  tree: unknown,
  type: new (...args: never[]) => T,
  replace: (leaf: T) => unknown,
): unknown {
  return mapNodes(tree, (value): value is T => value instanceof type, replace, '')
}

function mapNodes<T>(
  tree: unknown,
  is: (value: unknown) => value is T,
  replace: (leaf: T, path: string) => unknown,
  path: string,
): unknown {
  if (is(tree)) return replace(tree, path)
  const at = (key: string | number) => (path === '' ? String(key) : `${path}.${key}`)
  if (Array.isArray(tree)) return tree.map((item, i) => mapNodes(item, is, replace, at(i)))
  if (typeof tree !== 'object' || tree === null) return tree
  // The order in which an object was put together says nothing.
  const entries = Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, value]) => [key, mapNodes(value, is, replace, at(key))]))
}

function isTensor(value: unknown): value is tf.Tensor | TensorPlaceholder {
  return value instanceof tf.Tensor || value instanceof TensorPlaceholder
}
