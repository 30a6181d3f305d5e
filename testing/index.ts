/** Helpers for tests of blocks: `import { … } from 'tesserae/testing'`. They need no test framework; `tesserae/testing/jest` installs the matchers. */
export { containerOf } from './container-of'
export { checkGoldens, GoldensFailedError } from './goldens/check-goldens'
export { expectClose, GoldenMismatch } from './goldens/compare'
export { type CaseResult, GoldensRequestError, type GoldensSelection, runGoldens } from './goldens/run-goldens'
export { type MatcherResult, MatcherUseError } from './matchers/matcher'
export { matchers, type TesseraeMatchers } from './matchers/matchers'
export type { TensorLike } from './matchers/to-be-close-to-tensor'
export { type RunBlockArguments, type RunBlockOptions, runBlock } from './run-block'
export {
  type Difference,
  type PlainTensor,
  type TensorDifferences,
  type Tolerance,
  tensorDifferences,
} from './tensors/tensor-differences'
export { type TensorMemory, tensorMemory, tensorsSince } from './tensors/tensor-memory'
