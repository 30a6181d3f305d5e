/** What many runs leave behind: nothing. */
import { join } from 'node:path'
import { emojiFolder } from '../../../blocks/use-emoji-model'
import { runScript } from '../run-script'

jest.setTimeout(180_000)

interface Outcome {
  tensors: number
  sessions: number
  sessionsAfterDispose: number
  rssAfter10: number
  rssAfter100: number
}

/** Counts the process that computes as well. */
const processMemory = join(__dirname, '..', '..', '..', '..', 'dist', 'bench', 'process-memory.js')

test('a hundred runs leave no tensor, and the memory of both processes as it was after ten', async () => {
  const outcome = await runScript<Outcome>(
    `const pipe = new tesserae.StableDiffusionTextToImageBlocks().initPipeline(${JSON.stringify(emojiFolder)})
     await pipe.loadComponents({ executor: 'graph' })
     const { executor } = pipe.components.unet
     const before = tf.memory().numTensors
     const { treeMemory } = require(${JSON.stringify(processMemory)})
     const rss = () => { gc(); return (treeMemory(process.pid)?.rss ?? process.memoryUsage.rss()) / 2 ** 20 }
     let rssAfter10
     for (let i = 1; i <= 100; i++) {
       await pipe({ prompt: 'red apple', numInferenceSteps: 3 }, { output: 'images', seed: i })
       if (i === 10) rssAfter10 = rss()
     }
     const rssAfter100 = rss()
     const tensors = tf.memory().numTensors - before
     const sessions = executor.sessionCount
     pipe.dispose()
     return { tensors, sessions, sessionsAfterDispose: executor.sessionCount, rssAfter10, rssAfter100 }`,
    {},
    ['--expose-gc'],
  )
  expect(outcome).toMatchObject({ tensors: 0, sessions: 3, sessionsAfterDispose: 0 })
  expect(outcome.rssAfter100 - outcome.rssAfter10).toBeLessThan(40)
})
