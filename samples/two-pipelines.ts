/** Two pipelines that share their models through a manager, which keeps the weights in memory within a limit. */
import {
  bundledModel,
  ComponentsManager,
  type Image,
  type ManagerEvent,
  StableDiffusionTextToImageBlocks,
  type UNet2DConditionModel,
} from 'tesserae'

export async function main(model: string): Promise<{ images: Image[]; table: string; offloads: number }> {
  let offloads = 0
  const onEvent = (event: ManagerEvent) => {
    if (event.type === 'offload') offloads += event.offloaded.length
  }
  const manager = new ComponentsManager({ onEvent })
  // Less than all models together: the one that was used longest ago makes room, and comes back when it is called.
  manager.enableAutoCpuOffload({ limit: '50MB' })

  const first = new StableDiffusionTextToImageBlocks().initPipeline(model, {
    componentsManager: manager,
    collection: 'first',
  })
  await first.loadComponents()

  const second = new StableDiffusionTextToImageBlocks().initPipeline(model, {
    componentsManager: manager,
    collection: 'second',
  })
  second.updateComponents(manager.getComponentsByNames(['textEncoder', 'unet', 'vae', 'tokenizer'], 'first'))
  const unet = manager.getOne<UNet2DConditionModel>({ name: 'unet', collection: 'second' })
  if (unet !== first.components.unet) throw new Error('The pipelines do not share their UNet.')
  // What is not shared each has for itself.
  await second.loadComponents()

  const images: Image[] = []
  for (const [pipe, prompt] of [[first, 'red apple'] as const, [second, 'pizza'] as const]) {
    const [image] = await pipe({ prompt, numInferenceSteps: 4 }, { output: 'images', seed: 1 })
    images.push(image as Image)
  }

  const table = String(manager)
  first.dispose()
  second.dispose()
  manager.dispose()
  return { images, table, offloads }
}

if (require.main === module) {
  main(bundledModel('emoji')).then(({ table, offloads }) =>
    console.log(`${table}\n\n${offloads} times a model made room.`),
  )
}
