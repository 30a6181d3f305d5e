/** The matchers, as `expect.extend(matchers)` takes them, and their types. */
import type { Tolerance } from '../tensors/tensor-differences'
import { type TensorLike, toBeCloseToTensor } from './to-be-close-to-tensor'
import { toLeakNoTensors } from './to-leak-no-tensors'
import { toProduceOutputs } from './to-produce-outputs'
import { toRequireInputs } from './to-require-inputs'
import { toWire } from './to-wire'

/** All matchers by name. */
export const matchers = { toBeCloseToTensor, toLeakNoTensors, toProduceOutputs, toRequireInputs, toWire }

/** The matchers as members of what `expect(…)` gives. */
export interface TesseraeMatchers<R, T> {
  /** Of blocks: a pipeline can be made of them. */
  toWire(): R
  /** Of blocks: a caller must pass exactly these inputs. */
  toRequireInputs(names: readonly string[]): R
  /** Of blocks: they write all of these. */
  toProduceOutputs(names: readonly string[]): R
  /** Of a tensor or its numbers: no number is further off than `atol + rtol * |expected|` (1e-6 and 1e-5 unless said). */
  toBeCloseToTensor(expected: TensorLike, tolerance?: Partial<Tolerance>): R
  /** Of a function: it disposes the tensors that it makes. Awaited if the function gives a promise. */
  toLeakNoTensors(): T extends () => Promise<unknown> ? Promise<void> : R
}
