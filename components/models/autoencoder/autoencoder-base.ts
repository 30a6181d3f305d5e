/** The base class of autoencoders between images and latents. Counterpart: models/autoencoders/vae.py (AutoencoderMixin). */
import { classNameOf } from '../../../src/format/class-name'
import type { FromPretrainedOptions } from '../../../src/params/component-class'
import { warn } from '../../../src/runtime/warn'
import { TensorPlaceholder } from '../../backends/recorder/tensor-tree'
import { ComponentClassError } from '../../configs/component-class-error'
import { fetchConfig } from '../../configs/fetch-config'
import type { RawConfig } from '../../configs/parse-config'
import type { Executor, ModelRunOptions } from '../../executors/executor'
import * as tf from '../../tensors/tf'
import { type CallSize, type MapSize, type ModelFunction, ownSize } from '../call-size'
import { InputShapes } from '../input-shapes'
import { ModelInputError } from '../model-input-error'
import { PretrainedModel } from '../pretrained-model'
import type { AutoencoderConfig } from './autoencoder-config'
import {
  type CallPlan,
  type LatentShape,
  type LatentTiles,
  planCall,
  type TilingMode,
  tilingMessage,
} from './call-plan'
import type { LatentDistribution } from './latent-distribution'
import { type LatentScaleOptions, scaleLatents, unscaleLatents } from './latent-scale'
import { inSlices } from './slices'
import type { JoinTiles } from './tile-grid'
import { checkTiling, strideOf, type TileSizes, type TilingOptions } from './tiling-options'

/** A class of autoencoders. */
export interface AutoencoderClass<T extends Autoencoder = Autoencoder> {
  /** Name of the class. */
  readonly name: string
  /** What instances inherit. */
  readonly prototype: T
  /** Makes an autoencoder with random weights. */
  fromConfig(config: RawConfig, file?: string): T
  /** Loads an autoencoder from a folder. */
  fromPretrained(path: string | URL, options?: FromPretrainedOptions): Promise<T>
}

/** Names of the functions of an autoencoder. */
type Method = 'encode' | 'decode'

type ImageShape = readonly [batch: number, height: number, width: number, channels: number]

const registered = new Map<string, AutoencoderClass>()

/** How many decisions about memory a model remembers. */
const MOST_PLANS = 100

/** Encodes images to latents and decodes them. The latents of both are the model's own; {@link scaleLatents} makes a denoiser's of them. */
export abstract class Autoencoder extends PretrainedModel {
  static override readonly className: string = 'Autoencoder'

  abstract override readonly config: AutoencoderConfig & RawConfig
  private tilingMode: TilingMode = 'auto'
  private slicing = false
  private tiling: TileSizes | undefined
  /** What was decided by the memory, so that a call of the same shape gives the same numbers. */
  private readonly plans = new Map<string, CallPlan>()

  /** Makes classes known to {@link fromConfig} and {@link fromPretrained} of the base class. */
  static register(...classes: readonly AutoencoderClass[]): void {
    for (const autoencoderClass of classes) registered.set(classNameOf(autoencoderClass), autoencoderClass)
  }

  /**
   * A model without weights, of the class that the config names.
   *
   * @param file - where the config comes from, for errors
   * @throws ConfigError; ComponentClassError for a class that is not known
   */
  static fromConfig(config: RawConfig, file?: string): Autoencoder {
    return chooseClass(config['_class_name'] ?? config['_className'], file ?? 'config').fromConfig(config, file)
  }

  /**
   * Loads a model from a folder in the diffusers layout, of the class that the model's index names, otherwise its config.
   *
   * @throws ComponentClassError for a class that is not known; what `fromPretrained` of the class throws
   */
  static async fromPretrained(path: string | URL, options: FromPretrainedOptions = {}): Promise<Autoencoder> {
    const { className } = options
    const { config, folder, file } = await fetchConfig(path, 'config.json', options)
    if (className !== undefined) return chooseClass(className, `The index of ${folder}`).fromPretrained(path, options)
    return chooseClass(config['_class_name'], file).fromPretrained(path, options)
  }

  /** How many times smaller latents are than images, in each dimension. */
  abstract get spatialFactor(): number

  /** Whether tiles are used: `always` for images that are larger than a tile, `never`, or `auto`: if the memory does not suffice without them. */
  get useTiling(): TilingMode {
    return this.tilingMode
  }

  /** Whether the images of a batch are computed one by one. In `auto` mode they may be so all the same. */
  get useSlicing(): boolean {
    return this.slicing
  }

  /** Side of a tile in pixels. */
  get tileSampleMinSize(): number {
    return this.tiling?.tileSampleMinSize ?? this.defaultTiling.tileSampleMinSize
  }

  /** The part of a tile that overlaps with the next one. */
  get tileOverlapFactor(): number {
    return this.tiling?.tileOverlapFactor ?? this.defaultTiling.tileOverlapFactor
  }

  /**
   * Encodes and decodes images in tiles that overlap, which needs little memory whatever the size of the images. The numbers differ slightly
   * from those without tiles. The calls of all pipelines that share the model are affected.
   *
   * @throws TilingError for a size or an overlap that is out of range
   */
  enableTiling(options: TilingOptions = {}): this {
    const { mode = 'always', ...sizes } = options
    const tiling = { ...this.defaultTiling, ...sizes }
    checkTiling(tiling, { model: classNameOf(this), factor: this.spatialFactor })
    this.tiling = tiling
    this.tilingMode = mode
    this.plans.clear()
    return this
  }

  /** Encodes and decodes each image as a whole, whatever memory that needs. */
  disableTiling(): this {
    this.tilingMode = 'never'
    this.plans.clear()
    return this
  }

  /** Computes the images of a batch one by one, which needs less memory. The numbers are the same. */
  enableSlicing(): this {
    this.slicing = true
    this.plans.clear()
    return this
  }

  /** Computes all images of a batch at once. */
  disableSlicing(): this {
    this.slicing = false
    this.plans.clear()
    return this
  }

  override useExecutor(executor: Executor): this {
    this.plans.clear()
    return super.useExecutor(executor)
  }

  /** Size of the pictures that the model was trained on, in pixels; that of a tile where the config does not say. */
  get sampleSize(): MapSize {
    const { sampleSize } = this.config as { sampleSize?: number | readonly number[] | null }
    return ownSize(sampleSize ?? this.defaultTiling.tileSampleMinSize)
  }

  override get functions(): Readonly<Record<'encoder' | 'decoder', ModelFunction>> {
    return {
      encoder: {
        shapes: size => ({ sample: this.encodeShape(size) }),
        forward: ({ sample }: { sample: tf.Tensor4D }) => ({ moments: this.forwardEncode(sample) }),
      },
      decoder: {
        shapes: size => ({ latentSample: this.decodeShape(size) }),
        forward: ({ latentSample }: { latentSample: tf.Tensor4D }) => ({ sample: this.forwardDecode(latentSample) }),
      },
    }
  }

  /** Returns the shape that {@link encode} takes: `[batch, height, width, inChannels]`. */
  encodeShape({ batch, pictures = this.sampleSize }: CallSize): TensorPlaceholder {
    return new TensorPlaceholder([batch, pictures.height, pictures.width, this.config.inChannels])
  }

  /** Returns the shape that {@link decode} takes: `[batch, height, width, latentChannels]`. @throws ModelInputError for pictures that the model cannot make */
  decodeShape({
    batch,
    pictures,
    latents = this.latentSize(pictures ?? this.sampleSize),
  }: CallSize): TensorPlaceholder<ImageShape> {
    return new TensorPlaceholder<ImageShape>([batch, latents.height, latents.width, this.config.latentChannels])
  }

  /** Returns the size of the latents that are decoded to pictures. @throws ModelInputError for a size that the model does not divide */
  latentSize({ height, width }: MapSize): MapSize {
    const factor = this.spatialFactor
    const uneven = [height, width].find(pixels => pixels % factor !== 0)
    if (uneven === undefined) return { height: height / factor, width: width / factor }
    throw new ModelInputError(classNameOf(this), 'size', `must be a multiple of ${factor}, but is ${uneven}`)
  }

  /**
   * Images to their latents, computed by the model's executor.
   *
   * @param x - `[batch, height, width, inChannels]`, in the range -1 to 1
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of `options.signal`
   */
  abstract encode(x: tf.Tensor4D, options?: ModelRunOptions): Promise<LatentDistribution>

  /**
   * Latents to images, about in the range -1 to 1, computed by the model's executor: `[batch, f height, f width, outChannels]`.
   *
   * @param z - `[batch, height, width, latentChannels]`
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError; GraphExecutionError where the model runs as a graph; the reason of `options.signal`
   */
  decode(z: tf.Tensor4D, options?: ModelRunOptions): Promise<tf.Tensor4D> {
    return this.computeMap('decode', z, options)
  }

  /**
   * Latents of the model, as {@link encode} gives them, to those that a denoiser works on: shifted and scaled as the config says.
   *
   * @param latents - `[batch, height, width, latentChannels]`
   * @throws ShapeMismatchError; ConfigError for statistics of another number of channels
   */
  scaleLatents(latents: tf.Tensor4D, options?: LatentScaleOptions): tf.Tensor4D {
    this.checkChannels('latents', latents, this.config.latentChannels)
    return scaleLatents(latents, this, options)
  }

  /**
   * Latents of a denoiser to those of the model, which {@link decode} takes: undoes {@link scaleLatents}.
   *
   * @param latents - `[batch, height, width, latentChannels]`
   * @throws ShapeMismatchError; ConfigError for statistics of another number of channels
   */
  unscaleLatents(latents: tf.Tensor4D, options?: LatentScaleOptions): tf.Tensor4D {
    this.checkChannels('latents', latents, this.config.latentChannels)
    return unscaleLatents(latents, this, options)
  }

  /**
   * Bytes that decoding needs beside the weights, by estimate: those of the pieces that it is computed in, and of the result.
   *
   * @param z shape: `[batch, height, width, latentChannels]`
   */
  decodeBytes([batch, height, width]: ImageShape): number {
    const result = batch * height * width * this.spatialFactor ** 2 * this.config.outChannels
    return this.callBytes('decode', [batch, height, width], result)
  }

  /**
   * Bytes that encoding needs beside the weights, by estimate: those of the pieces that it is computed in, and of the result.
   *
   * @param x shape: `[batch, height, width, inChannels]`
   */
  encodeBytes([batch, height, width]: ImageShape): number {
    const factor = this.spatialFactor
    const latents: LatentShape = [batch, Math.ceil(height / factor), Math.ceil(width / factor)]
    return this.callBytes('encode', latents, latents[0] * latents[1] * latents[2] * this.config.latentChannels * 2)
  }

  /** Gets ready, in the background, to decode latents of this shape, until `signal` fires. */
  prepareDecode(shape: ImageShape, options?: ModelRunOptions): void {
    const [batch, height, width, channels] = shape
    const { batch: images, tiles } = this.planOf('decode', [batch, height, width])
    const side = (length: number) => (tiles ? Math.min(tiles.size, length) : length)
    const placeholder = new TensorPlaceholder([images, side(height), side(width), channels])
    this.makeReady('decode', given => this.forwardDecode(given), placeholder as unknown as tf.Tensor4D, options)
  }

  /**
   * Images to what the encoder predicts of their latents, computed at once on TensorFlow.js's backend, without tiles.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  abstract forwardEncode(x: tf.Tensor4D): tf.Tensor4D

  /**
   * Latents to images, computed at once on TensorFlow.js's backend, without tiles.
   *
   * @throws ShapeMismatchError, ModelInputError, WeightsNotLoadedError
   */
  abstract forwardDecode(z: tf.Tensor4D): tf.Tensor4D

  /** The tiles of the class. */
  protected abstract get defaultTiling(): { tileSampleMinSize: number; tileOverlapFactor: number }

  /** How the class puts tiles together. */
  protected abstract readonly joinTiles: JoinTiles

  /** The largest map, in latents, that a single tile covers. */
  protected abstract coveredBy(tiles: LatentTiles): number

  /** The side of the latents of an image. */
  protected abstract latentSide(pixels: number): number

  /** Bytes that a piece needs which is computed at once, beside the weights. */
  protected abstract pieceBytes(pixels: number): number

  /** @throws ShapeMismatchError, ModelInputError for what is not the input of a call */
  protected checkInput(method: Method, x: tf.Tensor4D): void {
    if (method === 'encode') this.checkChannels('x', x, this.config.inChannels)
    else this.checkChannels('z', x, this.config.latentChannels)
  }

  /** Computes a function of the model: at once, image by image or in tiles. */
  protected async computeMap(method: Method, x: tf.Tensor4D, options: ModelRunOptions = {}): Promise<tf.Tensor4D> {
    this.checkInput(method, x)
    const forward = (given: tf.Tensor4D) =>
      method === 'encode' ? this.forwardEncode(given) : this.forwardDecode(given)
    const compute = (piece: tf.Tensor4D) => this.execute(method, forward, piece, options)
    const factor = this.spatialFactor
    const [batch, height, width] = x.shape
    const side = (length: number) => (method === 'encode' ? this.latentSide(length) : length)
    const { batch: images, tiles } = this.planOf(method, [batch, side(height), side(width)])
    if (tiles === undefined) return inSlices(x, images, compute)
    const grid =
      method === 'encode'
        ? { size: tiles.size * factor, stride: tiles.stride * factor, toResult: (n: number) => this.latentSide(n) }
        : { ...tiles, toResult: (n: number) => n * factor }
    return inSlices(x, images, slice => this.joinTiles(slice, grid, compute))
  }

  private callBytes(method: Method, shape: LatentShape, resultValues: number): number {
    const { pieceBytes, tiles, batch } = this.planOf(method, shape)
    const copies = tiles || batch < shape[0] ? 2 : 0 // A whole piece counts its result.
    return pieceBytes + copies * Float32Array.BYTES_PER_ELEMENT * resultValues
  }

  /** How a call is computed. */
  private planOf(method: Method, shape: LatentShape): CallPlan {
    const key = `${method} ${shape.join(' ')}`
    const known = this.plans.get(key)
    if (known) return known
    const factor = this.spatialFactor
    const bytesOf = (shapes: readonly LatentShape[]) => this.bytesOfPieces(shapes)
    const available = this.memory.available()
    const settings = {
      mode: this.tilingMode,
      slicing: this.slicing,
      tiles: this.tilesOf(Math.max(1, Math.floor(this.tileSampleMinSize / factor))),
      tilesOf: (size: number) => this.tilesOf(size),
      covers: (tiles: LatentTiles) => this.coveredBy(tiles),
    }
    const plan = planCall(shape, settings, bytesOf, available)
    if (this.plans.size >= MOST_PLANS) this.plans.clear()
    this.plans.set(key, plan)
    if (this.tilingMode === 'auto' && plan.tiles) {
      const [, height, width] = shape
      const size = `${width * factor} × ${height * factor} pixels`
      const what = method === 'encode' ? `the latents of ${size}` : size
      const amounts = { needed: bytesOf([[1, height, width]]), available: available ?? 0 }
      warn('VAE_TILED', tilingMessage(classNameOf(this), { what, tile: plan.tiles.size * factor, ...amounts }))
    }
    return plan
  }

  /** An executor of graphs keeps one for each shape, with the memory and the weights of its own. */
  private bytesOfPieces(shapes: readonly LatentShape[]): number {
    const bytes = shapes.map(([batch, height, width]) =>
      this.pieceBytes(batch * height * width * this.spatialFactor ** 2),
    )
    if (this.executor.name !== 'graph') return Math.max(...bytes)
    return bytes.reduce((sum, each) => sum + each, 0) + (bytes.length - 1) * this.executor.weightBytes(this)
  }

  /** Tiles of a size in latents, with the overlap that is set. */
  private tilesOf(size: number): LatentTiles {
    return { size, stride: strideOf(size, this.tileOverlapFactor) }
  }

  private checkChannels(name: string, x: tf.Tensor4D, channels: number): void {
    new InputShapes(classNameOf(this)).checkGiven(name, ['batch', 'height', 'width', channels], x)
  }
}

/** @throws ComponentClassError */
function chooseClass(name: unknown, source: string): AutoencoderClass {
  const wanted = typeof name === 'string' ? name : 'AutoencoderKL'
  const found = registered.get(wanted)
  if (found === undefined)
    throw new ComponentClassError(`Autoencoder (${[...registered.keys()].join(' or ')})`, wanted, source)
  return found
}
