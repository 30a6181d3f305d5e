import { writeFile } from 'node:fs/promises'
import {
  bundledModel,
  drawSvg,
  type PipelineEvent,
  StableDiffusionTextToImageBlocks,
} from 'tesserae'

const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
for (const [name, block] of pipe.blocks.subBlocks)
  console.log(`${name}: ${block.description}`)
await writeFile('2-look-inside.svg', await drawSvg(pipe))

// Events report each block that ends and each step of a loop.
function report(event: PipelineEvent) {
  if (event.type === 'loopStep') console.log(`  step ${event.step} of ${event.total}`)
  if (event.type === 'blockEnd' && event.path.length === 1) {
    console.log(`${event.path[0]}: ${Math.round(event.duration)} ms`)
  }
}

await pipe.loadComponents()
const inputs = { prompt: 'rocket', guidanceScale: 4, numInferenceSteps: 10 }
const [image] = await pipe(inputs, { output: 'images', seed: 1, onEvent: report })
await image?.save('2-look-inside.png')
