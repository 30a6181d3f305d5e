/** Programs that esbuild bundles with the code of this package in them. */
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { emojiFolder } from '../blocks/use-emoji-model'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const root = join(__dirname, '..', '..')
const folder = useTemporaryFolder()

/** Packages with native libraries or files beside their code, which docs/operate/bundlers.md keeps outside. */
const EXTERNAL = ['onnxruntime-node', 'sharp', 'webgpu', '@tensorflow/tfjs-node-gpu']

const APP = `
  const tesserae = require('tesserae')
  const codeOf = action => Promise.resolve().then(action).then(() => 'none', error => error.code)
  async function main() {
    const draw = async executor => {
      const pipe = new tesserae.StableDiffusionTextToImageBlocks().initPipeline(process.argv[2])
      await pipe.loadComponents({ executor })
      const [image] = await pipe({ prompt: 'red apple', numInferenceSteps: 1 }, { output: 'images', seed: 1 })
      return image.width
    }
    console.log(JSON.stringify({
      graph: await draw('graph'),
      eager: await draw('eager'),
      bundledModel: await codeOf(() => tesserae.bundledModel('emoji')),
      probeBackends: await codeOf(() => tesserae.probeBackends()),
      probeProviders: await codeOf(() => tesserae.probeProviders()),
    }))
  }
  main()`

test.each([
  ['plainly', {}],
  ['with its names kept', { keepNames: true }],
  ['minified', { minify: true }],
])('a bundle made %s draws, and names what needs files beside the code', async (_, options) => {
  const app = join(folder(), 'app.js')
  await writeFile(app, APP)
  const outfile = join(folder(), 'out', 'app.js')
  const { warnings } = await build({
    entryPoints: [app],
    outfile,
    bundle: true,
    platform: 'node',
    external: EXTERNAL,
    alias: { tesserae: join(root, 'dist', 'index.js') },
    logLevel: 'silent',
    ...options,
  })
  expect(warnings).toEqual([])
  const modules = join(folder(), 'out', 'node_modules')
  await mkdir(join(modules, '@tensorflow'), { recursive: true })
  // What a program installs beside its bundle: the packages that stay outside, and the files of WebAssembly.
  for (const name of ['onnxruntime-node', 'sharp', '@tensorflow/tfjs-backend-wasm']) {
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', outfile, emojiFolder])
  expect(JSON.parse(stdout)).toEqual({
    graph: 64,
    eager: 64,
    bundledModel: 'BUNDLED_MODEL',
    probeBackends: 'BUNDLED_CODE',
    probeProviders: 'BUNDLED_CODE',
  })
})
