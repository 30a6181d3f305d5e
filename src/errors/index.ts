/** All error classes of the framework. */
export { BlockExecutionError } from './block-execution-error'
export { ComponentLoadError } from './component-load-error'
export { ComponentTypeError } from './component-type-error'
export { CompositionError } from './composition-error'
export { DeclarationError } from './declaration-error'
export { InputTypeError } from './input-type-error'
export { InvalidOutputError } from './invalid-output-error'
export {
  LoopBlockOutsideLoopError,
  MissingIterationVariableError,
  MissingLoopStepError,
  OverlappingLoopStepError,
} from './loop-errors'
export { MissingComponentError } from './missing-component-error'
export { MissingInputError } from './missing-input-error'
export { MissingOutputError } from './missing-output-error'
export { ModelIndexError } from './model-index-error'
export { ModularError, type ModularErrorOptions } from './modular-error'
export { NonFiniteError } from './non-finite-error'
export { NotImplementedError } from './not-implemented-error'
export { PipelineAbortError } from './pipeline-abort-error'
export { PipelineValidationError } from './pipeline-validation-error'
export { ReadOnlyComponentError } from './read-only-component-error'
export { RepositoryUnavailableError } from './repository-unavailable-error'
export { ShapeMismatchError } from './shape-mismatch-error'
export { TypeConflictError } from './type-conflict-error'
export { UndeclaredParameterError } from './undeclared-parameter-error'
export { UnknownValueError } from './unknown-value-error'
export { UnmatchedTriggerError } from './unmatched-trigger-error'
export { NoWorkflowsError, UnknownWorkflowError } from './workflow-errors'
