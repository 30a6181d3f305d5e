/**
 * TensorFlow.js as everything here uses it: its core, and the backend in plain JavaScript, which always works. Its
 * tensors have the operations as methods, and know the run that they belong to.
 */
import '@tensorflow/tfjs-backend-cpu'
import { addChainedOps } from './chained-ops'
import { connectTensorLifetimes } from './tensor-lifetimes'

addChainedOps()
connectTensorLifetimes()

export * from '@tensorflow/tfjs-core'
// Declares the operations as methods to the compiler, in the declarations of this package too, for programs that import it alone.
export type {} from '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops'
export type {} from './tfjs-globals'
