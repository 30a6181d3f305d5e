/** What the runtime costs for each block and for each block of a loop step, against a plain function and against the Python reference. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  Block,
  type BlockClass,
  type In,
  type InOut,
  Input,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  Output,
  SequentialPipelineBlocks,
} from 'tesserae'
import { median } from './median'

const LEAVES = 200
const LOOP_BLOCKS = 10
const STEPS = 500
const ROUNDS = 300

@Block({ description: 'Adds one to x.' })
class Add extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number>

  run() {
    this.x += 1
  }
}

@Block({ description: 'Adds one to x in every iteration.' })
class AddInLoop extends ModularPipelineBlocks {
  @Input() @Output() x!: InOut<number>

  @LoopStep()
  step() {
    this.x += 1
  }
}

@Block({ description: 'Iterates numSteps times.' })
class Repeat extends LoopSequentialPipelineBlocks {
  @Input() numSteps!: In<number>

  async run() {
    for (let i = 0; i < this.numSteps; i++) await this.loopStep({ i })
  }
}

function many(type: BlockClass, count: number): Record<string, BlockClass> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`block${i}`, type]))
}

/** The same arithmetic without a framework. */
function plain(blocks: number, steps: number): number {
  const state = { x: 0 }
  const add = (values: { x: number }) => {
    values.x += 1
  }
  const functions = Array.from({ length: blocks }, () => add)
  for (let i = 0; i < steps; i++) for (const run of functions) run(state)
  return state.x
}

/** Median microseconds of one unit. */
async function measure(units: number, action: () => unknown): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now()
    await action()
    times.push(((performance.now() - start) * 1000) / units)
  }
  return median(times)
}

/** The reference's figures, or why there are none. */
function measurePython(): { leaf: number; loop: number } | string {
  const python = process.env.TESSERAE_PYTHON ?? 'python3'
  const script = join(__dirname, '..', '..', 'bench', 'peers', 'overhead.py')
  const result = spawnSync(
    python,
    [script, String(LEAVES), String(LOOP_BLOCKS), String(STEPS / 10), String(ROUNDS / 10)],
    { encoding: 'utf8' },
  )
  if (result.status !== 0) {
    return `no Python with diffusers: ${(result.stderr || result.error?.message || '').trim().split('\n').at(-1)}\nInstall it (pip install torch diffusers) and name the interpreter in TESSERAE_PYTHON.`
  }
  return JSON.parse(result.stdout.trim().split('\n').at(-1) as string) as { leaf: number; loop: number }
}

/** Measures both and prints a table. */
export async function measureOverhead(): Promise<void> {
  const sequence = SequentialPipelineBlocks.fromBlocksDict(many(Add, LEAVES)).initPipeline()
  const loop = Repeat.fromBlocksDict(many(AddInLoop, LOOP_BLOCKS)).initPipeline()
  const leaf = await measure(LEAVES, () => sequence({ x: 0 }))
  const inLoop = await measure(LOOP_BLOCKS * STEPS, () => loop({ x: 0, numSteps: STEPS }))
  const plainLeaf = await measure(LEAVES, () => plain(LEAVES, 1))
  const plainLoop = await measure(LOOP_BLOCKS * STEPS, () => plain(LOOP_BLOCKS, STEPS))
  const python = measurePython()
  const rows: [string, number, number, number | undefined][] = [
    ['leaf block', leaf, plainLeaf, typeof python === 'string' ? undefined : python.leaf],
    ['block of a loop step', inLoop, plainLoop, typeof python === 'string' ? undefined : python.loop],
  ]
  console.log('| | ours, µs | plain function, µs | diffusers, µs | ours ÷ diffusers |\n|---|---|---|---|---|')
  for (const [name, ours, bare, peer] of rows) {
    const ratio = peer === undefined ? '–' : (ours / peer).toFixed(2)
    console.log(`| ${name} | ${ours.toFixed(3)} | ${bare.toFixed(3)} | ${peer?.toFixed(3) ?? '–'} | ${ratio} |`)
  }
  if (typeof python === 'string') console.log(`\n${python}`)
}
