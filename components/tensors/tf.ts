/**
 * TensorFlow.js as everything here uses it: its core, the backend in plain JavaScript, which is always there, and tensors that know the
 * operations as methods and the run that they belong to.
 */
import '@tensorflow/tfjs-backend-cpu'
import { addChainedOps } from './chained-ops'
import { connectTensorLifetimes } from './tensor-lifetimes'

addChainedOps()
connectTensorLifetimes()

export * from '@tensorflow/tfjs-core'
