import {
  Block,
  Component,
  ComponentContainer,
  type In,
  Input,
  InsufficientMemoryError,
  InvalidByteSizeError,
  InvalidLimitError,
  LimitExceededError,
  ModularPipelineBlocks,
  PipelineAbortError,
  PipelineValidationError,
  type RunCost,
  RunTimeoutError,
  SequentialPipelineBlocks,
  setProcessLimits,
} from '../../../src'
import { failure } from '../fixtures/failures'
import { toy } from '../fixtures/toy-blocks'

let runs = 0

@Block({ description: 'Makes images.' })
class Paint extends ModularPipelineBlocks {
  @Input({ default: 1 }) images!: In<number>
  @Input({ default: 64 }) side!: In<number>

  override estimateCost(): RunCost {
    const { images, side } = this
    return { images, size: { width: side, height: side }, steps: 3, memory: images * side ** 2 }
  }

  run() {
    runs++
  }
}

const pipeline = () => SequentialPipelineBlocks.fromBlocksDict({ paint: Paint }).initPipeline()

afterEach(() => {
  runs = 0
  setProcessLimits({})
})

describe('limits', () => {
  test('refuse a call before its first block, with one issue for each limit', async () => {
    const pipe = pipeline()
    pipe.limits = { maxPixels: 4095, maxImages: 1, maxSteps: 2, maxMemory: '8KB' }
    const { issues } = await failure(PipelineValidationError, () => pipe({ images: 2 }))
    expect(issues.map(issue => [issue.code, (issue as LimitExceededError).limit])).toEqual([
      ['LIMIT_EXCEEDED', 'maxPixels'],
      ['LIMIT_EXCEEDED', 'maxImages'],
      ['LIMIT_EXCEEDED', 'maxSteps'],
      ['LIMIT_EXCEEDED', 'maxMemory'],
    ])
    expect(issues[0]?.message).toBe(
      'paint: the call needs 4,096 pixels for each image, and the limit maxPixels is 4,095. Ask for a smaller width or height, or raise maxPixels.',
    )
    expect(issues[3]).toMatchObject({ path: ['paint'], asked: 8192, allowed: 8000 })
    expect(runs).toBe(0)
  })

  test('let a call through that just keeps to them', async () => {
    const pipe = pipeline()
    pipe.limits = { maxPixels: 4096, maxImages: 2, maxSteps: 3, maxMemory: 8192, timeout: 60_000 }
    await pipe({ images: 2 })
    expect(runs).toBe(1)
  })

  test('are those of the pipeline or of the process, whichever is lower', async () => {
    const pipe = SequentialPipelineBlocks.fromBlocksDict({ paint: Paint }).initPipeline(undefined, {
      limits: { maxImages: 3 },
    })
    setProcessLimits({ maxImages: 2 })
    const { issues } = await failure(PipelineValidationError, () => pipe({ images: 3 }))
    expect(issues[0]).toMatchObject({ limit: 'maxImages', allowed: 2 })
    setProcessLimits({ maxImages: 5 })
    expect((await failure(PipelineValidationError, () => pipe({ images: 4 }))).issues[0]).toMatchObject({ allowed: 3 })
    expect(pipe.limits).toEqual({ maxImages: 3 })
  })

  test('of memory hold without being set: what cannot fit is refused with the estimate', async () => {
    const { issues } = await failure(PipelineValidationError, () => pipeline()({ side: 2 ** 26 }))
    expect(issues).toEqual([expect.any(InsufficientMemoryError)])
    expect(issues[0]?.message).toMatch(
      /^paint: the call needs about 4504 TB of memory, and .+ are free\. Ask for smaller or fewer images, or free memory\.$/,
    )
  })

  test('wait for a component that is promised', async () => {
    class Model {
      readonly bytes = 5
    }
    class UseModel extends ModularPipelineBlocks {
      @Component(Model) model!: Model

      override estimateCost(): RunCost {
        return { memory: this.model.bytes }
      }

      run() {
        runs++
      }
    }
    const container = ComponentContainer.create()
    container.register('model', { useFactory: async () => new Model() })
    const pipe = new UseModel().initPipeline(undefined, { container, limits: { maxMemory: 4 } })
    const { issues } = await failure(PipelineValidationError, () => pipe())
    expect(issues[0]).toMatchObject({ asked: 5, allowed: 4 })
    expect(runs).toBe(0)
  })

  test('name what is not a limit', () => {
    const pipe = pipeline()
    const set = (limits: object) => () => {
      pipe.limits = limits
    }
    expect(set({ maxPixel: 5 })).toThrow(InvalidLimitError)
    expect(set({ maxPixel: 5 })).toThrow('"maxPixel" is not a limit. Did you mean "maxPixels"?')
    expect(set({ maxImages: 0 })).toThrow('The limit "maxImages" got the number 0. Pass a number from 1 up')
    expect(set({ timeout: Number.NaN })).toThrow(InvalidLimitError)
    expect(set({ maxSteps: '5' })).toThrow(InvalidLimitError)
    expect(set({ maxMemory: '8Gb' })).toThrow(InvalidByteSizeError)
    expect(pipe.limits).toEqual({})
  })
})

describe('a timeout', () => {
  const endless = () =>
    toy({
      body: view =>
        new Promise((_, reject) => {
          const { signal } = (view as unknown as { context: { signal: AbortSignal } }).context
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })

  test('cancels a run that takes longer', async () => {
    const pipe = endless().initPipeline()
    pipe.limits = { timeout: 20 }
    const error = await failure(PipelineAbortError, () => pipe({}))
    expect(error.cause).toBeInstanceOf(RunTimeoutError)
    expect(error.message).toBe(
      'The run was cancelled in the pipeline. It exceeded its timeout of 20 ms: raise the timeout, or ask for fewer steps.',
    )
  })

  test('leaves the signal of the caller in charge', async () => {
    const pipe = endless().initPipeline()
    pipe.limits = { timeout: 60_000 }
    const controller = new AbortController()
    const run = failure(PipelineAbortError, () => pipe({}, { signal: controller.signal }))
    setTimeout(() => controller.abort('enough'), 5)
    expect((await run).cause).toBe('enough')
  })
})
