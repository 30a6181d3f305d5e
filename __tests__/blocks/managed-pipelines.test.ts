/** Pipelines whose components a manager knows. */
import {
  type AutoencoderKL,
  ComponentsManager,
  type Image,
  type ManagerEvent,
  type PretrainedModel,
  StableDiffusionTextToImageBlocks,
  selectBackend,
} from '../../index'
import { useLeakCheck } from '../components/tensors/use-leak-check'
import { emojiFolder } from './use-emoji-model'

beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

function makeManager() {
  const events: ManagerEvent[] = []
  const manager = new ComponentsManager({ onEvent: event => events.push(event) })
  const codes = () => events.flatMap(event => (event.type === 'warning' ? event.code : []))
  return { manager, events, codes }
}

const makePipe = (componentsManager: ComponentsManager, collection?: string) =>
  new StableDiffusionTextToImageBlocks().initPipeline(emojiFolder, {
    componentsManager,
    ...(collection !== undefined && { collection }),
  })

async function draw(pipe: ReturnType<typeof makePipe>): Promise<Image> {
  const inputs = { prompt: 'red apple', numInferenceSteps: 2 }
  const [image] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
  return image as Image
}

const models = (pipe: ReturnType<typeof makePipe>) =>
  ['textEncoder', 'unet', 'vae'].map(name => pipe.components[name] as PretrainedModel)

describe('a pipeline with a manager', () => {
  test('loads models that take no memory until they are called, where offload is on', async () => {
    const { manager } = makeManager()
    manager.enableAutoCpuOffload({ limit: '1GB' })
    const pipe = await makePipe(manager).loadComponents({ executor: 'eager' })
    expect(models(pipe).map(({ residentBytes }) => residentBytes)).toEqual([0, 0, 0])
    const { vae } = pipe.components
    const eager = await makePipe(makeManager().manager).loadComponents({ names: ['vae'], executor: 'eager' })
    expect((eager.components.vae as AutoencoderKL).residentBytes).toBeGreaterThan(0)
    await draw(pipe)
    expect((vae as AutoencoderKL).residentBytes).toBe((eager.components.vae as AutoencoderKL).residentBytes)
    pipe.dispose()
    manager.dispose()
    ;(eager.components.vae as AutoencoderKL).dispose()
  })

  test('continues after a component was unloaded and loaded again', async () => {
    const { manager, codes } = makeManager()
    manager.enableAutoCpuOffload({ limit: '50MB' })
    const pipe = await makePipe(manager, 'emoji').loadComponents()
    const expected = await draw(pipe)
    const [id] = manager.getIds('unet', 'emoji') as [string]
    pipe.unloadComponents('unet')
    expect(manager.components.has(id)).toBe(false)
    expect(
      models(pipe)
        .filter(Boolean)
        .every(({ callGuard }) => callGuard !== undefined),
    ).toBe(true)
    await pipe.loadComponents({ names: 'unet' })
    expect(manager.getOne({ name: 'unet', collection: 'emoji' })).toBe(pipe.components.unet)
    expect((await draw(pipe)).data).toEqual(expected.data)
    await pipe.loadComponents({ names: 'vae' })
    expect(manager.getOne({ name: 'vae', collection: 'emoji' })).toBe(pipe.components.vae)
    expect(codes()).toEqual([])
    pipe.dispose()
    manager.dispose()
  })

  test('leaves what it shares to the other when it is disposed', async () => {
    const { manager } = makeManager()
    const one = await makePipe(manager, 'one').loadComponents()
    const other = makePipe(manager, 'other')
    other.updateComponents(manager.getComponentsByNames(['unet', 'vae', 'textEncoder', 'tokenizer'], 'one'))
    await other.loadComponents()
    expect(models(other)).toEqual(models(one))
    const expected = await draw(one)
    one.dispose()
    expect((await draw(other)).data).toEqual(expected.data)
    other.dispose()
    manager.dispose()
  })

  test('unloads what it shares for itself alone: the other continues under the limit', async () => {
    const { manager, codes } = makeManager()
    manager.enableAutoCpuOffload({ limit: '50MB' })
    const one = await makePipe(manager, 'one').loadComponents()
    const other = makePipe(manager, 'other')
    const shared = manager.getComponentsByNames(['unet', 'vae', 'textEncoder', 'tokenizer'], 'one')
    await other.updateComponents(shared).loadComponents()
    const expected = await draw(one)
    one.unloadComponents(['unet', 'vae'])
    expect(manager.getIds(['unet', 'vae'], 'one')).toEqual([])
    expect(manager.getIds(['unet', 'vae'], 'other')).toHaveLength(2)
    expect(models(other).every(({ callGuard }) => callGuard !== undefined)).toBe(true)
    expect((await draw(other)).data).toEqual(expected.data)
    other.unloadComponents(['unet', 'vae'])
    expect(manager.getIds(['unet', 'vae'])).toEqual([])
    expect(new Set(codes())).toEqual(new Set(['KNOWN_COMPONENT', 'DUPLICATE_LOAD_ID']))
    one.dispose()
    other.dispose()
    manager.dispose()
  })
})
