/** Programs that hold a copy of this package, or of TensorFlow.js, beside ours. */
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runScript } from '../components/executors/run-script'

const root = join(__dirname, '..', '..')

const DRAW = `
  const draw = async ({ StableDiffusionTextToImageBlocks }, executor) => {
    const pipe = new StableDiffusionTextToImageBlocks().initPipeline('models/emoji')
    await pipe.loadComponents({ executor })
    const [image] = await pipe({ prompt: 'red apple', numInferenceSteps: 1 }, { output: 'images', seed: 1 })
    return image.width
  }`

test.each(['graph', 'eager'])('the package loaded again draws, and so does the first copy (%s)', async executor => {
  const widths = await runScript(`${DRAW}
    const widths = [await draw(tesserae, '${executor}')]
    for (let copy = 0; copy < 2; copy++) {
      for (const file of Object.keys(require.cache)) if (file.includes('/dist/')) {
        if (!file.includes('node_modules')) delete require.cache[file]
      }
      const again = require('./dist/index.js')
      if (again === tesserae) throw new Error('It was not loaded again.')
      widths.push(await draw(again, '${executor}'))
    }
    return [...widths, await draw(tesserae, '${executor}')]`)
  expect(widths).toEqual([64, 64, 64, 64])
})

test('another copy of tfjs-core that is loaded first leaves ours working', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tesserae-core-'))
  try {
    const modules = join(root, 'node_modules')
    await cp(join(modules, '@tensorflow/tfjs-core'), join(folder, 'node_modules/@tensorflow/tfjs-core'), {
      recursive: true,
      filter: path => !path.includes('/src/'),
    })
    for (const name of ['long', 'node-fetch', 'seedrandom', 'whatwg-url', 'tr46', 'webidl-conversions']) {
      await symlink(join(modules, name), join(folder, 'node_modules', name))
    }
    const script = `${DRAW}
      const ours = require('@tensorflow/tfjs-core')
      return [
        tesserae.__esModule, Object.getPrototypeOf(ours.zeros([1])) === ours.Tensor.prototype,
        await draw(tesserae, 'graph'), await draw(tesserae, 'eager'),
      ]`
    const preload = ['-r', join(folder, 'node_modules/@tensorflow/tfjs-core')]
    expect(await runScript(script, {}, preload)).toEqual([true, false, 64, 64])
  } finally {
    await rm(folder, { recursive: true })
  }
})
