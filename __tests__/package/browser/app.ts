/** A program for a browser: a pipeline of loop blocks, with a component that each run copies, built on the core alone. */
import {
  Block,
  Component,
  ComponentsManager,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  type PipelineEvent,
  type RunScoped,
  SequentialPipelineBlocks,
  Step,
} from '../../../src/core'

/** Counts the steps of a run. */
class Counter implements RunScoped {
  count = 0

  constructor(readonly config: { readonly by: number }) {}

  static fromConfig({ by }: Readonly<Record<string, unknown>>): Counter {
    return new Counter({ by: Number(by) })
  }

  forRun(): this {
    return new Counter(this.config) as this
  }
}

@Block({ description: 'Begins at twice the start.' })
class Begin extends ModularPipelineBlocks {
  @Input() start!: In<number>
  @Output() x!: number

  async run() {
    await new Promise(resolve => setTimeout(resolve, 0))
    this.x = 2 * this.start
  }
}

@Block({ description: 'Adds to x in every iteration.' })
class Add extends ModularPipelineBlocks {
  @Component(Counter, { config: { by: 3 } }) counter!: Counter
  @Input() @Output() x!: InOut<number>

  @LoopStep()
  step() {
    this.counter.count += 1
    this.x += this.counter.config.by * this.counter.count
  }
}

@Block({ description: 'Halves x in every iteration.' })
class Halve extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number>

  @LoopStep()
  async step() {
    await null
    this.x /= 2
  }
}

@Block({ description: 'Runs its blocks numSteps times.' })
class Iterate extends LoopSequentialPipelineBlocks {
  @Input({ default: 2 }) numSteps!: In<number>
  @LoopStep() add = Add
  @LoopStep() halve = Halve

  async run() {
    for (let i = 0; i < this.numSteps; i++) await this.loopStep({ i }, { total: this.numSteps })
  }
}

@Block({ description: 'A small pipeline.' })
class Demo extends SequentialPipelineBlocks {
  @Step() begin = Begin
  @Step() iterate = Iterate
}

/** Runs the pipeline in several ways, and tells what came of it. */
export async function main() {
  const manager = new ComponentsManager()
  const pipe = new Demo().initPipeline(undefined, { componentsManager: manager })
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: { code?: string }) => error.code,
    )
  const paths: string[] = []
  const onEvent = (event: PipelineEvent) => {
    if (event.type === 'blockStart') paths.push(event.path.join('.'))
  }
  const controller = new AbortController()
  controller.abort()
  return {
    first: await pipe({ start: 1, numSteps: 2 }, { output: 'x', onEvent }),
    again: await pipe({ start: 1, numSteps: 2 }, { output: 'x' }),
    paths,
    missing: await codeOf(pipe.run({}, {})),
    cancelled: await codeOf(pipe({ start: 1 }, { signal: controller.signal })),
    unknown: await pipe.run({ start: 1, other: 2 }, { output: 'x' }),
    mermaid: pipe.toMermaid().slice(0, 9),
    doc: pipe.doc.includes('numSteps'),
  }
}
