import { bundledModel, StableDiffusionTextToImageBlocks } from 'tesserae'

// Blocks say what to compute. With a model, they become a pipeline.
const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
await pipe.loadComponents()

// The first argument holds the inputs of the blocks, the second one the options of the call.
const inputs = { prompt: 'red apple', guidanceScale: 4, numInferenceSteps: 25 }
const [image] = await pipe(inputs, { output: 'images', seed: 1 })
await image?.save('1-draw-a-picture.png')
