/** The options that say what computes the models. */
import { Option } from 'commander'
import { executors, providers } from './choices'

/** `--executor`. */
export function executorOption(): Option {
  const text = 'executor of the models: graph is ONNX Runtime, eager is TensorFlow.js (default: auto)'
  return new Option('--executor <name>', text).choices(executors)
}

/** `--provider`. */
export function providerOption(): Option {
  const text = 'execution provider of ONNX Runtime (default: cpu with --executor graph, otherwise the best that works)'
  return new Option('--provider <name>', text).choices(providers)
}
