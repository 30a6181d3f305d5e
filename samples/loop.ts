/** A loop wrapper with an input of its own, and a loop block that adds one: classes and instances may be mixed. */
import {
  Block,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
} from 'tesserae'

@Block({ description: 'Adds one to x in every iteration.' })
export class LoopBlock extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number>

  @LoopStep()
  step() {
    this.x += 1
  }
}

@Block({ description: 'Runs its blocks numSteps times.' })
export class LoopWrapper extends LoopSequentialPipelineBlocks {
  @Input() numSteps!: In<number>

  async run() {
    for (let i = 0; i < this.numSteps; i++) await this.loopStep({ i }, { total: this.numSteps })
  }
}

export async function main(): Promise<number> {
  const loop = LoopWrapper.fromBlocksDict({ block1: new LoopBlock(), block2: LoopBlock })
  const pipe = loop.initPipeline()
  return pipe({ numSteps: 3, x: 1 }, { output: 'x' })
}

if (require.main === module) main().then(x => console.log(`x = ${x}`))
