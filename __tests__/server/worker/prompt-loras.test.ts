/** LoRAs that prompts of requests name, from the folder of the operator. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bundledModel,
  getActiveAdapters,
  getListAdapters,
  Image,
  loadLoraWeights,
  ModularPipeline,
  type ModularPipelineBlocks,
  setAdapters,
  unloadLoraWeights,
} from 'tesserae'
import { createServer, createWorker, EmbeddedQueue, FolderStore, type ServedPipeline } from 'tesserae/server'
import { catchWarnings } from '../../src/fixtures/emitted-warnings'
import { injector } from '../http/inject'

const delft = join(bundledModel('emoji'), 'adapters', 'delft-lora.safetensors')
const settings = { steps: 2, seed: 1, cfg_scale: 2 }

let folder: string
let pipe: ServedPipeline
let server: ReturnType<typeof createServer>
let queue: EmbeddedQueue
let worker: ReturnType<typeof createWorker>
let inject: ReturnType<typeof injector>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae loras '))
  mkdirSync(join(folder, 'loras', 'deep'), { recursive: true })
  cpSync(delft, join(folder, 'loras', 'deep', 'delft.safetensors'))
  cpSync(delft, join(folder, 'secret.safetensors'))
  writeFileSync(join(folder, 'loras', 'broken.safetensors'), 'no weights')
  pipe = await ModularPipeline.fromPretrained<ModularPipelineBlocks>(bundledModel('emoji'))
  await pipe.loadComponents()
  const pipelines = { emoji: pipe }
  queue = new EmbeddedQueue()
  const results = new FolderStore(join(folder, 'results'), { isDurable: false })
  worker = createWorker({ queue, results, pipelines, isolate: false, batch: 4, loraDir: join(folder, 'loras') })
  server = createServer({ pipelines, queue, results })
  inject = injector(await server.listen({ port: 0 }))
})
afterAll(async () => {
  await worker.close()
  await server.close()
  await queue.close()
  pipe.dispose()
  rmSync(folder, { recursive: true })
})

const post = (prompt: string) => inject({ method: 'POST', url: '/sdapi/v1/txt2img', payload: { ...settings, prompt } })

async function draw(prompt: string): Promise<number[]> {
  const answer = await post(prompt)
  expect([answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([200, ''])
  return [...(await Image.load(Buffer.from(answer.json().images[0], 'base64'))).data]
}

/** As the pipeline draws by itself. */
async function alone(prompt: string): Promise<number[]> {
  const inputs = { prompt, numInferenceSteps: 2, guidanceScale: 2, promptSyntax: 'a1111' }
  const [image] = (await pipe(inputs, { output: 'images', seed: 1 })) as Image[]
  return [...(image as Image).data]
}

test('a tag puts a LoRA on the model for this job alone, and it is loaded once', async () => {
  const plain = await alone('red apple')
  const name = await loadLoraWeights(pipe, delft)
  setAdapters(pipe, name, 0.8)
  const expected = await alone('red apple')
  setAdapters(pipe, [])
  expect(expected).not.toEqual(plain)
  expect(await draw('red apple <lora:delft:0.8>')).toEqual(expected)
  expect(await draw('<lora:delft:0.8>, red apple')).toEqual(expected)
  expect(await draw('red apple')).toEqual(plain)
  // The graph still holds the LoRA, so a processor may round its sums differently.
  const weightless = await draw('red apple <lora:delft:0>')
  expect(Math.max(...weightless.map((value, i) => Math.abs(value - (plain[i] as number))))).toBeLessThanOrEqual(1)
  expect(getListAdapters(pipe)['unet']).toHaveLength(2)
  expect(getActiveAdapters(pipe)).toEqual([])
})

test('pipelines with a scheduler of the job share what is loaded, and load again what was unloaded', async () => {
  const prompt = 'red apple <lora:delft:0.8>'
  const expected = await draw(prompt)
  const before = getListAdapters(pipe)['unet']
  for (const sampler_name of ['Euler', 'DDIM']) {
    const payload = { ...settings, prompt, sampler_name }
    expect((await inject({ method: 'POST', url: '/sdapi/v1/txt2img', payload })).statusCode).toBe(200)
  }
  expect(getListAdapters(pipe)['unet']).toEqual(before)
  unloadLoraWeights(pipe)
  expect(await draw(prompt)).toEqual(expected)
  expect(getListAdapters(pipe)['unet']).toHaveLength(1)
})

test('a name counts once however often a prompt has it, with the sum of its scales', async () => {
  expect(await draw(`red apple ${'<lora:delft:0.25>'.repeat(4)}`)).toEqual(await draw('red apple <lora:delft>'))
})

test('jobs with the same tags are drawn together with the LoRA', async () => {
  const [first, ...others] = await Promise.all(
    ['red apple <lora:delft>', 'red apple <lora:delft>', 'red apple <lora:delft>'].map(draw),
  )
  expect(first).not.toEqual(await alone('red apple'))
  for (const other of others) {
    expect(Math.max(...other.map((value, i) => Math.abs(value - (first?.[i] as number))))).toBeLessThanOrEqual(1)
  }
})

test.each([
  ['a name that no file has', '<lora:delf>', 'The closest name is \\"delft\\"'],
  ['a path', '<lora:../secret>', 'holds no LoRA'],
  ['a path with an ending', '<lora:deep/delft.safetensors>', 'holds no LoRA'],
  ['a scale that is no number', '<lora:delft:much>', 'must be a number'],
  ['a list of too many names', Array.from({ length: 17 }, (_, i) => `<lora:a${i}>`).join(''), 'the limit is 16'],
])('%s is the fault of the request', async (_, tag, message) => {
  const answer = await post(`red apple ${tag}`)
  expect([answer.statusCode, answer.body]).toEqual([422, expect.stringContaining(message)])
  expect(answer.body).not.toContain(folder)
})

test('a file that is not a LoRA fails the job, and the next one is drawn', async () => {
  const warnings = catchWarnings()
  const answer = await post('red apple <lora:broken>')
  expect(warnings()).toEqual([expect.stringMatching(/^WORKER_PROBLEM: The job .* failed \(SAFETENSORS\)\. .*broken/)])
  expect(answer.statusCode).toBeGreaterThanOrEqual(422)
  expect(answer.body).not.toContain(folder)
  expect(await draw('red apple')).toEqual(await alone('red apple'))
})
