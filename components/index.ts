/** What the container supplies: models, schedulers, guiders, tokenizers, images, random numbers, and the backends they compute on. */
import './tensors/tf'
import './component-classes'
import './states/value-kinds'
import './images/image-wire-type'

export { UnwritableFileError } from '../src/files/unwritable-file-error'
export { type AdaptedCall, type AdaptedCallOptions, type AdapterSet, Adapters } from './adapters/adapters'
export type { BlockScale, ScalesByBlock } from './adapters/block-scales'
export type { AdapterPlace } from './adapters/find-adapter-file'
export { disableFreeU, enableFreeU } from './adapters/free-u'
export { IPAdapter } from './adapters/ip-adapter/ip-adapter'
export { IPAdapterError } from './adapters/ip-adapter/ip-adapter-error'
export {
  IP_ADAPTER,
  type IPAdapterInputs,
  type IPAdapterScale,
  IPAdapterSet,
} from './adapters/ip-adapter/ip-adapter-set'
export {
  type LoadIPAdapterOptions,
  loadIpAdapter,
  setIpAdapterScale,
  unloadIpAdapter,
} from './adapters/ip-adapter/load-ip-adapter'
export { AdapterNameError } from './adapters/lora/adapter-name-error'
export type { AdapterWeight } from './adapters/lora/block-weights'
export type { LoraPlace } from './adapters/lora/find-lora-file'
export { type FuseLoraOptions, fuseLora, unfuseLora } from './adapters/lora/fuse-lora'
export {
  deleteAdapters,
  disableLora,
  enableLora,
  getActiveAdapters,
  getListAdapters,
  type LoadLoraOptions,
  loadLoraWeights,
  setAdapters,
  unloadLoraWeights,
} from './adapters/lora/load-lora-weights'
export { LoraError, type LoraProblem } from './adapters/lora/lora-error'
export type { LoraComponent } from './adapters/lora/lora-keys'
export { LoraTagError } from './adapters/lora/lora-tags'
export { SharedWeights } from './adapters/shared-weights'
export {
  type LoadTextualInversionOptions,
  loadTextualInversion,
  unloadTextualInversion,
} from './adapters/textual-inversion/load-textual-inversion'
export type { ConceptEncoder } from './adapters/textual-inversion/read-embeddings'
export {
  TextualInversionError,
  type TextualInversionProblem,
} from './adapters/textual-inversion/textual-inversion-error'
export type { BackendName } from './backends/backend-loader'
export { BackendUnavailableError } from './backends/backend-unavailable-error'
export { BundledCodeError } from './backends/bundled-code-error'
export { InvalidThreadCountError } from './backends/invalid-thread-count-error'
export { type ExportedFiles, type ExportOptions, exportOnnx } from './backends/onnx/export-onnx'
export { OutOfMemoryError } from './backends/out-of-memory-error'
export { type BackendProbe, type ProbeBackendsOptions, probeBackends } from './backends/probe-backends'
export { RecordedValueError, UnsupportedKernelError } from './backends/recorder/recording-errors'
export { TensorPlaceholder } from './backends/recorder/tensor-tree'
export {
  type BackendAttempt,
  type BackendSelection,
  type SelectBackendOptions,
  selectBackend,
} from './backends/select-backend'
export type {
  BlockDType,
  Checkpoint,
  SafetensorsCheckpoint,
  SafetensorsTensor,
  StoredDType,
  TensorInfo,
  WeightDType,
} from './checkpoints/checkpoint'
export { GGUFError } from './checkpoints/gguf-error'
export { InvalidVariantError } from './checkpoints/invalid-variant-error'
export { openCheckpoint } from './checkpoints/open-checkpoint'
export { PickleCheckpointError } from './checkpoints/pickle-checkpoint-error'
export { SafetensorsError } from './checkpoints/safetensors-error'
export { SafetensorsFile } from './checkpoints/safetensors-file'
export { WeightFileError, type WeightFileProblem } from './checkpoints/weight-file-error'
export { writeSafetensors } from './checkpoints/write-safetensors'
export { ComponentClassError } from './configs/component-class-error'
export { ConfigError } from './configs/config-error'
export { InvalidConfigError } from './configs/invalid-config-error'
export type { RawConfig } from './configs/parse-config'
export { DeviceUnavailableError } from './executors/device-unavailable-error'
export type { Executor, ModelRunOptions } from './executors/executor'
export {
  GraphExecutionError,
  ModelMemoryError,
  RuntimeEndedError,
  WeightDrivesError,
  WeightFileChangedError,
} from './executors/graph/graph-errors'
export { type ExecutionProvider, GraphExecutor, type GraphExecutorOptions } from './executors/graph/graph-executor'
export { type ProviderProbe, probeProviders } from './executors/graph/probe-providers'
export { RuntimeUnavailableError } from './executors/graph/runtime-unavailable-error'
export type { ModelCall } from './executors/model-call'
export {
  type ExecutorAttempt,
  type ExecutorName,
  type ExecutorSelection,
  type SelectExecutorOptions,
  selectExecutor,
} from './executors/select-executor'
export { MissingFileError } from './files/missing-file-error'
export { UnreadableFileError } from './files/unreadable-file-error'
export { AdaptiveProjectedGuidance, type AdaptiveProjectedGuidanceConfig } from './guiders/adaptive-projected-guidance'
export {
  AdaptiveProjectedMixGuidance,
  type AdaptiveProjectedMixGuidanceConfig,
  type AdaptiveProjectedMixState,
} from './guiders/adaptive-projected-mix-guidance'
export { AutoGuidance, type AutoGuidanceConfig } from './guiders/auto-guidance'
export {
  BaseGuidance,
  type GuiderClass,
  type GuiderOutput,
  type GuiderState,
  type Predictions,
} from './guiders/base-guidance'
export { ClassifierFreeGuidance, type ClassifierFreeGuidanceConfig } from './guiders/classifier-free-guidance'
export {
  ClassifierFreeZeroStarGuidance,
  type ClassifierFreeZeroStarGuidanceConfig,
} from './guiders/classifier-free-zero-star-guidance'
export {
  FrequencyDecoupledGuidance,
  type FrequencyDecoupledGuidanceConfig,
} from './guiders/frequency-decoupled-guidance'
export { type GuidanceConfig, guidanceSettings } from './guiders/guidance-settings'
export { GuiderArgumentError } from './guiders/guider-argument-error'
export type {
  BatchInputs,
  GuiderBatch,
  GuiderInput,
  GuiderInputs,
  GuiderPass,
  PredictionName,
} from './guiders/guider-batch'
export { guiderNames, makeGuider, type NamedGuider } from './guiders/guider-names'
export { LTX2Guidance, type LTX2GuidanceConfig } from './guiders/ltx2-guidance'
export { MagnitudeAwareGuidance, type MagnitudeAwareGuidanceConfig } from './guiders/magnitude-aware-guidance'
export {
  PerturbedAttentionGuidance,
  type PerturbedAttentionGuidanceConfig,
} from './guiders/perturbed-attention-guidance'
export { type PlannedCall, type Predict, planCalls, predictConditions } from './guiders/predict-conditions'
export { SkipLayerGuidance, type SkipLayerGuidanceConfig } from './guiders/skip-layer-guidance'
export { SmoothedEnergyGuidance, type SmoothedEnergyGuidanceSettings } from './guiders/smoothed-energy-guidance'
export {
  TangentialClassifierFreeGuidance,
  type TangentialClassifierFreeGuidanceConfig,
} from './guiders/tangential-classifier-free-guidance'
export { UnknownGuiderError } from './guiders/unknown-guider-error'
export { hubDownload } from './hub/hub-download'
export {
  CorruptDownloadError,
  EntryNotFoundError,
  GatedRepoError,
  HubConnectionError,
  HubRequestError,
  InvalidHubAnswerError,
  InvalidHubSettingError,
  InvalidRepositoryNameError,
  OfflineModeError,
  RepositoryNotFoundError,
  RevisionNotFoundError,
  TokenRefusedError,
} from './hub/hub-errors'
export type { HubOptions } from './hub/hub-options'
export { hubResolver } from './hub/hub-resolver'
export { type PushToHubOptions, pushToHub } from './hub/push-to-hub'
export { type SnapshotDownloadOptions, snapshotDownload } from './hub/snapshot-download'
export { CLIPImageProcessor, type CLIPImageProcessorConfig } from './images/clip-image-processor'
export type { CropRegion } from './images/crop'
export type { CropRegionOptions } from './images/crop-region'
export type { ImageLimits, ImageLoadOptions } from './images/decode-image'
export { Image, type ImageOptions } from './images/image'
export { ImageCodecError } from './images/image-codec-error'
export { ImageDownloadError } from './images/image-download-error'
export type { ImageFormat } from './images/image-format'
export { ImageSizeError } from './images/image-size-error'
export { InvalidImageError } from './images/invalid-image-error'
export { InvalidPngTextError } from './images/invalid-png-text-error'
export { type LoadImageOptions, loadImage } from './images/load-image'
export { type ImageGridOptions, makeImageGrid, makeImageGridAsync } from './images/make-image-grid'
export { readPngText } from './images/png-text'
export { RESIZE_MODES, type ResizeMode } from './images/resize-modes'
export type { ImageTensor } from './images/tensor-images'
export {
  type ImageInput,
  type PostprocessOptions,
  type PreprocessOptions,
  VaeImageProcessor,
  type VaeImageProcessorConfig,
} from './images/vae-image-processor'
export {
  Autoencoder,
  type AutoencoderClass,
  type AutoencoderConfig,
  type TilingMode,
  type TilingOptions,
} from './models/autoencoder/autoencoder'
export { latentDifferences } from './models/autoencoder/latent-differences'
export type { FixedLatents, LatentDistribution } from './models/autoencoder/latent-distribution'
export type { LatentScaleOptions } from './models/autoencoder/latent-scale'
export { TilingError } from './models/autoencoder/tiling-error'
export { AutoencoderKL } from './models/autoencoder-kl/autoencoder-kl'
export type { DiagonalGaussianDistribution } from './models/autoencoder-kl/diagonal-gaussian-distribution'
export { AutoencoderTiny } from './models/autoencoder-tiny/autoencoder-tiny'
export type { CallShapes, CallSize, MapSize, ModelFunction } from './models/call-size'
export { hasEmbedding, type KnownTokens, type TokenTableHook } from './models/clip-text/check-token-ids'
export { type CLIPTextInputs, CLIPTextModel, type CLIPTextOutput } from './models/clip-text/clip-text-model'
export {
  CLIPTextModelWithProjection,
  type CLIPTextProjectionOutput,
} from './models/clip-text/clip-text-model-with-projection'
export {
  type CLIPVisionInputs,
  CLIPVisionModel,
  type CLIPVisionOutput,
} from './models/clip-vision/clip-vision-model'
export {
  CLIPVisionModelWithProjection,
  type CLIPVisionProjectionOutput,
} from './models/clip-vision/clip-vision-model-with-projection'
export type { ConditionName, Conditions } from './models/conditions'
export { ControlNet, type ControlSettings } from './models/controlnet/controlnet'
export { ControlNetModel } from './models/controlnet/controlnet-model'
export { ControlNetUnionModel } from './models/controlnet/controlnet-union-model'
export type { ControlNetInputs, ControlNetOutput, ControlNetUnionInputs } from './models/controlnet/inputs'
export { type MultiControlNetInputs, MultiControlNetModel } from './models/controlnet/multi-controlnet-model'
export { type DenoiserInputFields, type FieldTable, inputsOfFields } from './models/denoiser-fields'
export { type FreeUConfig, freeUHooks } from './models/hooks/free-u'
export { type LayerSkipConfig, layerSkipHooks, skipLayers } from './models/hooks/layer-skip'
export { ModelHookError } from './models/hooks/model-hook-error'
export type { BatchHook, HookedForward, ModuleHook } from './models/hooks/module-hook'
export { type SmoothedEnergyGuidanceConfig, smoothedEnergyHooks } from './models/hooks/smoothed-energy'
export { ImageProjection } from './models/ip-adapter/image-projection'
export { IPAdapterFaceIDImageProjection } from './models/ip-adapter/ip-adapter-face-id-image-projection'
export { IPAdapterFullImageProjection } from './models/ip-adapter/ip-adapter-full-image-projection'
export { IPAdapterPlusImageProjection } from './models/ip-adapter/ip-adapter-plus-image-projection'
export { IPImageProjection } from './models/ip-adapter/ip-image-projection'
export { ModelInputError } from './models/model-input-error'
export { type ModelCallOptions, PretrainedModel } from './models/pretrained-model'
export { QuantizedCheckpointError } from './models/quantized-checkpoint-error'
export type { ConceptScores } from './models/safety-checker/concept-scores'
export {
  type SafetyCheckerInputs,
  type SafetyCheckerOutput,
  StableDiffusionSafetyChecker,
} from './models/safety-checker/stable-diffusion-safety-checker'
export { T2IAdapter, type T2IAdapterOutput } from './models/t2i-adapter/t2i-adapter'
export type { UNet2DConditionInputs } from './models/unet-2d-condition/inputs'
export type { ResidualSource, Residuals } from './models/unet-2d-condition/residual-source'
export {
  type UNet2DConditionCallOptions,
  UNet2DConditionModel,
} from './models/unet-2d-condition/unet-2d-condition-model'
export { Linear } from './nn/linear'
export { type LoadedStateDict, type LoadStateDictOptions, loadStateDict } from './nn/load-state-dict'
export { Module } from './nn/module'
export { Parameter } from './nn/parameter'
export { type SinusoidalEmbeddingOptions, sinusoidalEmbedding } from './nn/sinusoidal-embedding'
export { StateDictError } from './nn/state-dict-error'
export { WeightsNotLoadedError } from './nn/weights-not-loaded-error'
export { type PreviewOptions, previewImages } from './previews/preview-images'
export { a1111PromptLoop, type WeightedText } from './prompts/a1111-syntax'
export { a1111SyntaxIn, takeNetworkTags, unsupportedSyntaxIn } from './prompts/foreign-syntax'
export { type PromptChunk, PromptChunker } from './prompts/prompt-chunks'
export {
  QuantizationUnavailableError,
  UnquantizableModelError,
  UnquantizableWeightError,
} from './quantization/quantization-errors'
export type { Quantization, QuantizationChoice } from './quantization/quantization-names'
export { BrownianNoise, type BrownianNoiseOptions } from './random/brownian-noise'
export type { GeneratorDType } from './random/draw-loops'
export { type AsyncDrawOptions, Generator } from './random/generator'
export { InvalidDrawError } from './random/invalid-draw-error'
export { InvalidGeneratorStateError } from './random/invalid-generator-state-error'
export { InvalidSeedError } from './random/invalid-seed-error'
export { randnTensor, randnTensorAsync } from './random/randn-tensor'
export type { ConsistencyConfig } from './schedulers/consistency/consistency-scheduler'
export { LCMScheduler } from './schedulers/consistency/lcm-scheduler'
export { type SCMConfig, SCMScheduler } from './schedulers/consistency/scm-scheduler'
export { TCDScheduler } from './schedulers/consistency/tcd-scheduler'
export { DEISMultistepScheduler } from './schedulers/exponential-solvers/deis-multistep-scheduler'
export { DPMSolverMultistepInverseScheduler } from './schedulers/exponential-solvers/dpm-solver-multistep-inverse-scheduler'
export { DPMSolverMultistepScheduler } from './schedulers/exponential-solvers/dpm-solver-multistep-scheduler'
export { DPMSolverSinglestepScheduler } from './schedulers/exponential-solvers/dpm-solver-singlestep-scheduler'
export { SASolverScheduler, type TauFunction } from './schedulers/exponential-solvers/sa-solver-scheduler'
export { UniPCMultistepScheduler } from './schedulers/exponential-solvers/unipc-multistep-scheduler'
export {
  type FlowMatchEulerDiscreteConfig,
  FlowMatchEulerDiscreteScheduler,
} from './schedulers/flow-matching/flow-match-euler-discrete-scheduler'
export {
  type FlowMatchHeunDiscreteConfig,
  FlowMatchHeunDiscreteScheduler,
} from './schedulers/flow-matching/flow-match-heun-discrete-scheduler'
export { type FlowMatchLCMConfig, FlowMatchLCMScheduler } from './schedulers/flow-matching/flow-match-lcm-scheduler'
export { type FlowMuSettings, flowMu } from './schedulers/flow-matching/flow-mu'
export { MissingGeneratorError } from './schedulers/missing-generator-error'
export { roundHalfEven } from './schedulers/noise-levels/number-sequences'
export { SchedulerArgumentError } from './schedulers/scheduler-argument-error'
export { SchedulerMixin, type StepOptions, type StepResult } from './schedulers/scheduler-mixin'
export { type NamedScheduler, resolveScheduler, schedulerNames } from './schedulers/scheduler-names'
export { type DPMSolverSDEConfig, DPMSolverSDEScheduler } from './schedulers/sigma-space/dpm-solver-sde-scheduler'
export {
  type EDMDPMSolverMultistepConfig,
  EDMDPMSolverMultistepScheduler,
} from './schedulers/sigma-space/edm-dpm-solver-multistep-scheduler'
export { type EDMEulerConfig, EDMEulerScheduler } from './schedulers/sigma-space/edm-euler-scheduler'
export {
  type EulerAncestralDiscreteConfig,
  EulerAncestralDiscreteScheduler,
} from './schedulers/sigma-space/euler-ancestral-discrete-scheduler'
export { EulerDiscreteScheduler } from './schedulers/sigma-space/euler-discrete-scheduler'
export { type HeunDiscreteConfig, HeunDiscreteScheduler } from './schedulers/sigma-space/heun-discrete-scheduler'
export { KDPM2AncestralDiscreteScheduler } from './schedulers/sigma-space/kdpm2-ancestral-discrete-scheduler'
export { type KDPM2DiscreteConfig, KDPM2DiscreteScheduler } from './schedulers/sigma-space/kdpm2-discrete-scheduler'
export { type LMSDiscreteConfig, LMSDiscreteScheduler } from './schedulers/sigma-space/lms-discrete-scheduler'
export { TimestepsNotSetError } from './schedulers/timesteps-not-set-error'
export type { SetTimestepsOptions } from './schedulers/timesteps-request'
export { UnknownSchedulerError } from './schedulers/unknown-scheduler-error'
export { type DDIMInverseConfig, DDIMInverseScheduler } from './schedulers/variance-preserving/ddim-inverse-scheduler'
export { type DDIMConfig, DDIMScheduler } from './schedulers/variance-preserving/ddim-scheduler'
export { type DDPMConfig, DDPMScheduler } from './schedulers/variance-preserving/ddpm-scheduler'
export { type IPNDMConfig, IPNDMScheduler } from './schedulers/variance-preserving/ipndm-scheduler'
export { type PNDMConfig, PNDMScheduler } from './schedulers/variance-preserving/pndm-scheduler'
export { SingleFileError } from './single-file/single-file-error'
export { type NonFiniteWarningOptions, warnOfNonFinite } from './tensors/non-finite'
export { repeatRows, repeatRowsLoop } from './tensors/repeat-rows'
export { instance, type TensorOf, tensor } from './tensors/tensor-schema'
/** TensorFlow.js in the copy that this package computes with; types as `tf.Tensor4D`. */
export * as tf from './tensors/tf'
export { CLIPTokenizer, type EncodedText, type EncodeOptions } from './tokenizers/clip-tokenizer'
export { type AddedTokens, expandConcepts } from './tokenizers/expand-concepts'
export { InvalidMaxLengthError } from './tokenizers/invalid-max-length-error'
export { InvalidTokenizerError } from './tokenizers/invalid-tokenizer-error'
export { TokenWithoutEmbeddingError } from './tokenizers/token-without-embedding-error'
export { InvalidVocabularyError } from './vocabulary/invalid-vocabulary-error'
export { type PromptCheck, PromptVocabulary, type UnknownWord } from './vocabulary/prompt-vocabulary'
export type { VocabularyFile } from './vocabulary/vocabulary-schema'
