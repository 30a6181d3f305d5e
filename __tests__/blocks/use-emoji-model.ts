/** The bundled model, loaded once for a test file, and pipelines of any blocks with its components. */
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  type CLIPTextModel,
  type CLIPTokenizer,
  ComponentContainer,
  type ModularPipeline,
  type ModularPipelineBlocks,
  type PipelineEvent,
  type SchedulerMixin,
  StableDiffusionTextToImageBlocks,
  selectBackend,
  type UNet2DConditionModel,
  type WarningEvent,
} from '../../index'
import { tensorMemory, useLeakCheck } from '../components/tensors/use-leak-check'
import { expectWarnings } from '../expected-warnings'

export const emojiFolder = join(__dirname, '..', '..', 'models', 'emoji')

/** The components of the model. */
export class EmojiModel {
  private readonly container = ComponentContainer.create()

  get tokenizer(): CLIPTokenizer {
    return this.container.resolve<CLIPTokenizer>('tokenizer') as CLIPTokenizer // A value, so there is no promise.
  }

  get textEncoder(): CLIPTextModel {
    return this.container.resolve<CLIPTextModel>('textEncoder') as CLIPTextModel // As above.
  }

  get unet(): UNet2DConditionModel {
    return this.container.resolve<UNet2DConditionModel>('unet') as UNet2DConditionModel // As above.
  }

  get scheduler(): SchedulerMixin {
    return this.container.resolve<SchedulerMixin>('scheduler') as SchedulerMixin // As above.
  }

  async load(executor?: 'eager' | 'graph'): Promise<void> {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder)
    await pipe.loadComponents(executor && { executor })
    for (const name of ['tokenizer', 'textEncoder', 'unet', 'vae', 'scheduler']) {
      this.container.register(name, { useValue: pipe.components[name] })
    }
  }

  dispose(): void {
    this.container.dispose()
  }

  /** A pipeline of these blocks. It shares the components, so it need not be disposed. */
  pipelineOf(blocks: ModularPipelineBlocks, components: Readonly<Record<string, unknown>> = {}): ModularPipeline {
    return blocks.initPipeline(undefined, { container: this.container }).updateComponents(components)
  }
}

/**
 * Loads the model before the tests of a file on the wasm backend, and checks that neither a test nor the file leaves a tensor.
 *
 * @param executor - what computes the models; default: the backend
 */
export function useEmojiModel(executor?: 'eager' | 'graph'): EmojiModel {
  // Tests draw pictures that are smaller than those that the model knows.
  expectWarnings('UNKNOWN_SIZE')
  const model = new EmojiModel()
  let before: ReturnType<typeof tensorMemory>
  beforeAll(async () => {
    // Jest fills the processors with files: threads would only wait for each other.
    await selectBackend({ backend: 'wasm', threads: 1 })
    before = tensorMemory()
    await model.load(executor)
  })
  useLeakCheck()
  afterAll(() => {
    model.dispose()
    expect(tensorMemory()).toEqual(before)
  })
  return model
}

/** Collects the warnings of a run: hand `onEvent` to it. */
export function collectWarnings(): { warnings: WarningEvent[]; onEvent: (event: PipelineEvent) => void } {
  const warnings: WarningEvent[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'warning') warnings.push(event)
  }
  return { warnings, onEvent }
}

/** The numbers of a tensor, which is disposed. */
export function take(tensor: tf.Tensor): { shape: number[]; values: number[] } {
  const taken = { shape: [...tensor.shape], values: [...tensor.dataSync()] }
  tensor.dispose()
  return taken
}

/** The rows of a tensor along its first axis; the tensor is disposed. */
export function takeRows(tensor: tf.Tensor): number[][] {
  const { shape, values } = take(tensor)
  const size = values.length / (shape[0] as number)
  return Array.from({ length: shape[0] as number }, (_, i) => values.slice(i * size, (i + 1) * size))
}

/** What a call rejects with; fails if it does not.  */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new Error('The call did not fail.')
}
