/** WebGPU, through ONNX Runtime and through TensorFlow.js, on a device in software: the same numbers as on the CPU. */
import { runScript } from './run-script'
import { goldenModel, onSoftwareGpu, testOnSoftwareGpu } from './software-gpu'

jest.setTimeout(240_000)

/** Largest difference between two executors' results for a VAE and a text encoder. */
const compare = `
  const difference = async (a, b) => {
    const [x, y] = [await a.data(), await b.data()]
    return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0)
  }
  const differences = async (first, second) => {
    const z = tf.sin(tf.range(0, 2 * 6 * 5 * 4)).reshape([2, 6, 5, 4])
    const inputIds = tf.tensor2d([[1, 5, 7, 9, 11, 2], [1, 4, 4, 2, 2, 2]], [2, 6], 'int32')
    const images = [], texts = []
    for (const executor of [first, second]) {
      const vae = await tesserae.AutoencoderKL.fromPretrained(${JSON.stringify(goldenModel('vae_sd'))}, { executor })
      images.push(await vae.decode(z))
      const clip = await tesserae.CLIPTextModel.fromPretrained(${JSON.stringify(goldenModel('clip_text'))}, { executor })
      texts.push((await clip.call({ inputIds })).lastHiddenState)
    }
    return [await difference(...images), await difference(...texts)]
  }
  const cpu = (await tesserae.selectExecutor({ executor: 'graph', provider: 'cpu' })).executor`

interface Outcome {
  backend: string
  warning?: string
  differences: [number, number]
}

testOnSoftwareGpu("ONNX Runtime's webgpu provider computes what its CPU does", async () => {
  const { backend, warning, differences } = await onSoftwareGpu<Outcome>(`
    ${compare}
    const { executor, warning } = await tesserae.selectExecutor({ executor: 'graph', provider: 'webgpu' })
    return { backend: executor.backend, warning, differences: await differences(cpu, executor) }`)
  expect(warning).toBeUndefined()
  expect(backend).toBe('onnxruntime-webgpu')
  for (const difference of differences) expect(difference).toBeLessThan(2e-4)
})

testOnSoftwareGpu("TensorFlow.js's webgpu backend computes what ONNX Runtime does on the CPU", async () => {
  const { backend, differences } = await onSoftwareGpu<Outcome>(`
    ${compare}
    const { name } = await tesserae.selectBackend({ backend: 'webgpu' })
    return { backend: name, differences: await differences(cpu, 'eager') }`)
  expect(backend).toBe('webgpu')
  for (const difference of differences) expect(difference).toBeLessThan(5e-4)
})

const testOnLinux = process.platform === 'linux' ? test : test.skip

testOnLinux('a provider that does not start leaves the CPU to compute, and says why', async () => {
  const { backend, warning } = await runScript<Outcome>(
    `const { executor, warning } = await tesserae.selectExecutor({ executor: 'graph', provider: 'webgpu' })
     return { backend: executor.backend, warning }`,
    { VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' },
  )
  expect(backend).toBe('onnxruntime-cpu')
  expect(warning).toMatch(/^The execution provider "webgpu" does not work here, so the CPU is used: .+\.$/)
})
