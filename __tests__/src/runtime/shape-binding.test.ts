import { z } from 'zod'
import {
  AutoPipelineBlocks,
  Branch,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
  SHAPE_KEY,
  ShapeMismatchError,
  type ShapePattern,
  TYPE_KEY,
} from '../../../src'
import { failure } from '../fixtures/failures'

/** Anything with a shape counts as a tensor. */
interface Shaped {
  readonly shape: readonly number[]
}

const shaped = (...shape: number[]): Shaped => ({ shape })

function tensor(...pattern: ShapePattern) {
  return z
    .custom<Shaped>(value => typeof value === 'object')
    .meta({ [SHAPE_KEY]: pattern, [TYPE_KEY]: `Tensor[${pattern.join(', ')}]` })
}

class Encode extends ModularPipelineBlocks {
  @Input(tensor('batch', 77)) tokens!: In<Shaped>
  @Input({ required: false }) result!: In<Shaped>
  @Output(tensor('batch', 77, 'width')) embeds!: Out<Shaped>
  run() {
    this.embeds = this.result ?? shaped(this.tokens.shape[0] as number, 77, 32)
  }
}

class Combine extends ModularPipelineBlocks {
  @Input(tensor('batch', 8, 8, 4).optional()) latents!: In<Shaped | undefined>
  @Input(tensor('batch', 77, 'width')) embeds!: In<Shaped>
  run() {}
}

const blocks = SequentialPipelineBlocks.fromBlocksDict({ encode: Encode, combine: Combine })
const call = (inputs: Record<string, unknown>) => blocks.initPipeline()(inputs)

describe('named and fixed dimensions', () => {
  test('fit when a name stands for one size', async () => {
    await call({ tokens: shaped(2, 77), latents: shaped(2, 8, 8, 4) })
    await call({ tokens: shaped(1, 77) })
  })

  test('may have other sizes in the next run', async () => {
    const pipe = blocks.initPipeline()
    await pipe({ tokens: shaped(1, 77) })
    await pipe({ tokens: shaped(2, 77) })
  })

  test.each([
    ['a fixed size', { tokens: shaped(2, 64) }, ['encode'], 'tokens', 'dimension 1 is 64 instead of 77'],
    ['the number of dimensions', { tokens: shaped(77) }, ['encode'], 'tokens', 'it has 1 dimensions instead of 2'],
    [
      'a name, in another block',
      { tokens: shaped(2, 77), latents: shaped(3, 8, 8, 4) },
      ['combine'],
      'latents',
      '"batch" is 3 here and 2 in "tokens"',
    ],
    [
      'an output',
      { tokens: shaped(2, 77), result: shaped(2, 76, 32) },
      ['encode'],
      'embeds',
      'dimension 1 is 76 instead of 77',
    ],
  ])('are refused where %s does not fit', async (_, inputs, path, parameter, reason) => {
    const error = await failure(ShapeMismatchError, () => call(inputs))
    expect(error).toMatchObject({ path, parameter })
    expect(error.message).toContain(reason)
  })

  test('say in full what was declared and what is there', async () => {
    const error = await failure(ShapeMismatchError, () => call({ tokens: shaped(2, 64) }))
    expect(error.message).toBe(
      'encode: "tokens" must have the shape [batch, 77], but has [2, 64]: dimension 1 is 64 instead of 77.',
    )
  })

  test('hold for what goes into a loop and comes out of it', async () => {
    class Grow extends ModularPipelineBlocks {
      @Input(tensor('n')) @Output(tensor('n')) x!: InOut<Shaped>
      @Input({ default: 0 }) by!: In<number>
      @LoopStep()
      step() {
        this.x = shaped((this.x.shape[0] as number) + this.by)
      }
    }
    class Once extends LoopSequentialPipelineBlocks {
      @LoopStep() grow = Grow
      run() {
        return this.loopStep()
      }
    }
    const pipe = new Once().initPipeline()
    await pipe({ x: shaped(3) })
    expect((await failure(ShapeMismatchError, () => pipe({ x: shaped(3), by: 1 }))).message).toContain(
      '"n" is 4 here and 3 in "x"',
    )
    await failure(ShapeMismatchError, () => pipe({ x: shaped(3, 3) }))
  })

  test('change with a value that a block replaces, unless the block declares that they stay', async () => {
    class Enlarge extends ModularPipelineBlocks {
      @Input() @Output() latents!: InOut<Shaped>
      run() {
        this.latents = shaped(2, 16, 16, 4)
      }
    }
    class Decode extends ModularPipelineBlocks {
      @Input(tensor('batch', 'width', 'width', 4)) latents!: In<Shaped>
      @Output(tensor('batch', 'width')) rows!: Out<Shaped>
      run() {
        this.rows = shaped(2, this.latents.shape[1] as number)
      }
    }
    class Look extends ModularPipelineBlocks {
      @Input(tensor('batch', 'width', 'width', 4)) latents!: In<Shaped>
      run() {}
    }
    class Declared extends Enlarge {
      @Input(tensor('batch', 'width', 'width', 4))
      @Output(tensor('batch', 'width', 'width', 4))
      declare latents: InOut<Shaped>
    }
    const inputs = { latents: shaped(2, 8, 8, 4) }
    const run = (before: typeof Look | typeof Decode, middle: typeof Enlarge) =>
      SequentialPipelineBlocks.fromBlocksDict({ before, middle, after: Look }).initPipeline()(inputs)
    await run(Look, Enlarge)
    expect((await failure(ShapeMismatchError, () => run(Look, Declared))).message).toContain(
      'middle: "latents" must have the shape [batch, width, width, 4], but has [2, 16, 16, 4]',
    )
    // Another value still has the old width.
    expect((await failure(ShapeMismatchError, () => run(Decode, Enlarge))).message).toContain(
      '"width" is 16 here and 8 in "rows"',
    )
  })

  test('change with an input that a block replaces without an output of that name', async () => {
    class Enlarge extends ModularPipelineBlocks {
      @Input() latents!: In<Shaped>
      run() {
        Object.assign(this, { latents: shaped(2, 16, 16, 4) })
      }
    }
    class Look extends ModularPipelineBlocks {
      @Input(tensor('batch', 'width', 'width', 4)) latents!: In<Shaped>
      @Output() width!: Out<number>
      run() {
        this.width = this.latents.shape[1] as number
      }
    }
    const parts = { before: Look, middle: Enlarge, after: Look }
    const pipe = SequentialPipelineBlocks.fromBlocksDict(parts).initPipeline()
    expect(await pipe({ latents: shaped(2, 8, 8, 4) }, { output: 'width' })).toBe(16)
  })

  test('are refused in the block that replaces an input by one of another size, not in the next one', async () => {
    class Enlarge extends ModularPipelineBlocks {
      @Input(tensor('batch', 'width', 'width', 4)) latents!: In<Shaped>
      run() {
        Object.assign(this, { latents: shaped(2, 16, 16, 4) })
      }
    }
    class Flatten extends Enlarge {
      override run() {
        Object.assign(this, { latents: shaped(2, 8) })
      }
    }
    const run = (middle: typeof Enlarge) =>
      SequentialPipelineBlocks.fromBlocksDict({ middle, after: Enlarge }).initPipeline()({
        latents: shaped(2, 8, 8, 4),
      })
    expect((await failure(ShapeMismatchError, () => run(Enlarge))).message).toContain(
      'middle: "latents" must have the shape [batch, width, width, 4], but has [2, 16, 16, 4]',
    )
    expect((await failure(ShapeMismatchError, () => run(Flatten))).path).toEqual(['middle'])
  })

  test('stay with a value that a block may replace and does not', async () => {
    class Enlarge extends ModularPipelineBlocks {
      @Input({ required: false }) grow!: In<boolean | undefined>
      @Output() latents!: Out<Shaped>
      @LoopStep()
      step() {
        this.latents = shaped(2, 16, 16, 4)
      }
    }
    class MayEnlarge extends AutoPipelineBlocks {
      @Branch({ when: 'grow' }) enlarge = Enlarge
    }
    class Once extends LoopSequentialPipelineBlocks {
      @LoopStep() part = MayEnlarge
      run() {
        return this.loopStep()
      }
    }
    class Look extends ModularPipelineBlocks {
      @Input(tensor('batch', 'width', 'width', 4)) latents!: In<Shaped>
      run() {}
    }
    class Compare extends ModularPipelineBlocks {
      @Input(tensor('batch', 'width')) rows!: In<Shaped>
      run() {}
    }
    const parts = { before: Look, middle: Once, after: Compare }
    const pipe = SequentialPipelineBlocks.fromBlocksDict(parts).initPipeline()
    const inputs = { latents: shaped(2, 8, 8, 4), rows: shaped(2, 16) }
    expect((await failure(ShapeMismatchError, () => pipe(inputs))).message).toContain(
      '"width" is 16 here and 8 in "latents"',
    )
  })

  test('ask nothing of values that have no shape', async () => {
    await call({ tokens: {}, result: {} })
  })
})
