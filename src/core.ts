/**
 * The core: what declares, composes, wires and runs blocks. Of Node it uses what `src/platform` hands on, and nothing else: a build for another
 * platform, such as browsers, replaces those files.
 */
export { AutoPipelineBlocks } from './composition/auto-pipeline-blocks'
export type { BlockClass, BlockSource } from './composition/block-source'
export { CompositeBlocks, type FromBlocksDictOptions } from './composition/composite-blocks'
export { ConditionalPipelineBlocks, type TriggerValues } from './composition/conditional-pipeline-blocks'
export { InsertableDict } from './composition/insertable-dict'
export type { Requirements } from './composition/join-requirements'
export { LoopSequentialPipelineBlocks, type LoopStepCallOptions } from './composition/loop-sequential-pipeline-blocks'
export { ModularPipelineBlocks } from './composition/modular-pipeline-blocks'
export { SequentialPipelineBlocks } from './composition/sequential-pipeline-blocks'
export { slot } from './composition/slot'
export { ComponentContainer, type ComponentProvider, type RegisterOptions } from './container/component-container'
export type { RunScope, RunScoped } from './container/run-scoped'
export { Block } from './decorators/block'
export { Branch } from './decorators/branch'
export { Component, type ComponentOptions } from './decorators/component'
export { Config, type ConfigOptions } from './decorators/config'
export type { AfterLoad, BlockOptions, BranchDeclaration } from './decorators/declarations'
export { Input, type InputOptions } from './decorators/input'
export { LoopStep, type LoopStepOptions } from './decorators/loop-step'
export { Output, type OutputOptions } from './decorators/output'
export { Step } from './decorators/step'
export type { BlockDescription, ParameterDescription } from './documentation/describe'
export type { MarkdownOptions } from './documentation/markdown'
export { type ModelCardContent, type ModelCardOptions, modelCard, modelCardContent } from './documentation/model-card'
export * from './errors'
export { emitWarning, emitWarningOnce } from './errors/emit-warning'
export { printableName } from './errors/printable'
export { nameList, shownNames } from './errors/text'
export type { ByteSize } from './format/byte-size'
export { classNameOf } from './format/class-name'
export { mapKeys, toCamelCase, toSnakeCase } from './format/wire-names'
export type { BlocksSchema } from './json-schema/blocks-schema'
export {
  DEFAULTS_BY_BLOCK_KEY,
  JSON_SCHEMA_DIALECT,
  type JsonSchema,
  LIVE_TYPE_KEY,
  UNSENDABLE_KEY,
} from './json-schema/json-schema'
export { registerWireType, type WireLimits, type WireType } from './json-schema/wire-types'
export { ComponentsManager } from './manager/components-manager'
export type { CallDemand, CallGuard, ManagedModel, ModelMemory } from './manager/managed-model'
export type {
  ManagerEvent,
  ManagerListener,
  ManagerWarning,
  ManagerWarningCode,
  OffloadEvent,
} from './manager/manager-events'
export type {
  AutoCpuOffloadOptions,
  ComponentFilter,
  ComponentsManagerOptions,
  GetOneOptions,
  ResultOptions,
} from './manager/manager-options'
export type { ComponentInfo } from './manager/model-info'
export { leastRecentlyUsed } from './manager/offload/least-recently-used'
export type { OffloadCandidate, OffloadRequest, OffloadStrategy } from './manager/offload/offload-strategy'
export { smallestCombination } from './manager/offload/smallest-combination'
export type { OffloadStrategyName } from './manager/offload/strategies'
export type { Placement, PlacementArguments } from './manager/placement'
export { DEFAULT_NODES, type MellonNodeTemplates } from './mellon/default-nodes'
export type { MellonNode, MellonNodeSpec } from './mellon/mellon-node'
export { MellonParam, type NumberFieldOptions } from './mellon/mellon-param'
export type { MellonParamOptions } from './mellon/mellon-param-options'
export {
  MELLON_CONFIG_NAME,
  type MellonConfigObject,
  type MellonConfigOptions,
  type MellonCustomBlockOptions,
  type MellonFromBlocksOptions,
  MellonPipelineConfig,
} from './mellon/mellon-pipeline-config'
export type { Demand, In, InOut, Out, OutFor } from './params/brands'
export type {
  ComponentClass,
  ComponentDType,
  FromPretrainedOptions,
  FromSingleFileOptions,
  SavableComponent,
  SavePretrainedOptions,
} from './params/component-class'
export { registerComponentClasses } from './params/component-classes'
export {
  type ComponentLoadOptions,
  ComponentSpec,
  type ComponentSpecOptions,
  type CreationMethod,
  type LoadingFields,
  type WithoutFiles,
} from './params/component-spec'
export { ConfigSpec } from './params/config-spec'
export { InputParam } from './params/input-param'
export { OutputParam } from './params/output-param'
export type { InputParamOptions, OutputParamOptions } from './params/param-options'
export { SHAPE_KEY, type ShapePattern, TYPE_KEY } from './params/schema'
export type { Seed } from './params/seed'
export type { AnyValues, ComponentsOf, Edited, InputsOf, OutputsOf, ValuesOf } from './params/typed-io'
export type { PictureOptions } from './picture/picture'
export { drawSvg, type SvgOptions } from './picture/svg'
export type { ComponentRegistry } from './pipeline/component-registry'
export type { IndexToSave } from './pipeline/index-to-save'
export type { LoadComponentsOptions, PerComponent } from './pipeline/load-options'
export { ModularPipeline } from './pipeline/modular-pipeline'
export type { PipelineBlocks } from './pipeline/pipeline-blocks'
export type { CallOptions, CallOptionsFor, KnownState, PipelineInputs } from './pipeline/pipeline-call'
export {
  type ComponentPattern,
  type NamedBlocks,
  type PipelineFamily,
  registerBlockClasses,
  registerPipelineFamily,
  type UnreadEntryNote,
  type UnsupportedPipeline,
} from './pipeline/pipeline-families'
export type { InitPipelineOptions, LoadPipelineOptions, LoadSingleFileOptions } from './pipeline/pipeline-options'
export type { PipelineStream } from './pipeline/pipeline-stream'
export { outsideRuns } from './runtime/active-run'
export type { Components } from './runtime/components'
export type {
  BlockEndEvent,
  BlockStartEvent,
  EventListener,
  LoopStartEvent,
  LoopStepEvent,
  PipelineEvent,
  PreviewEvent,
  PreviewImage,
  RunEndEvent,
  RunStartEvent,
  WarningEvent,
} from './runtime/events'
export type { IterationVariables } from './runtime/iteration-variables'
export type { MaybePromise } from './runtime/maybe-promise'
export { type ResourceKind, registerResourceKind, trackResource } from './runtime/resources'
export type { RunCheckpoints } from './runtime/run-checkpoints'
export type { RunContext } from './runtime/run-context'
export type { RunCost, RunPlan, UpcomingCall } from './runtime/run-cost'
export { type RunLimits, setProcessLimits } from './runtime/run-limits'
export { ShapeBinding } from './runtime/shape-binding'
export { inPieces, runAtOnce, runInSlices, TimeSlice, yieldToEventLoop } from './runtime/time-slice'
export { BlockState } from './state/block-state'
export { PipelineState, type PipelineStateObject } from './state/pipeline-state'
export type { ResumePoint, SavedRun } from './state/resume-point'
export { type ArrayDType, SavedArray, type StateStorage } from './state/saved-array'
export { registerStateStorage, registerValueKind, type ValueKind } from './state/value-kinds'
export type { Activity, ActivityKind, ActivityObserver, ActivityOutcome } from './telemetry/activity'
export { observeActivities } from './telemetry/observers'
export { InvalidWireValueError } from './wire/invalid-wire-value-error'
export type { PictureOrigin, PlacePicture, WirePicture } from './wire/place-picture'
export { inputsFromWire } from './wire/read-inputs'
export { errorToWire, type WireError } from './wire/wire-error'
export { eventToWire, type WireEvent } from './wire/wire-event'
export { resultToWire } from './wire/wire-result'
export type { BlockKind, BlockNode, WorkflowTriggers } from './wiring/block-node'
export type { BlockHolder } from './wiring/blocks'
export type { ComponentExplanation, Explanation, InputExplanation } from './wiring/explain'
export type { Source } from './wiring/path'
