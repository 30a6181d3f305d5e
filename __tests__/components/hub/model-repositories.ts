/** Models as files of a repository. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SafetensorsFile } from '../../../components'
import { type WeightTensor, writeSafetensors } from '../../../components/checkpoints/write-safetensors'

const emoji = join(__dirname, '..', '..', '..', 'models', 'emoji')

/** The model that comes with the package, without its reference pictures. */
export async function emojiFiles(): Promise<Record<string, Buffer>> {
  const entries = await readdir(emoji, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(emoji.length + 1))
    .filter(path => !path.startsWith('reference'))
  return Object.fromEntries(await Promise.all(paths.map(async path => [path, await readFile(join(emoji, path))])))
}

/** The UNet of that model, with its weights in two files whose names only the index knows. Writes them into a folder first. */
export async function shardedUnet(folder: string): Promise<Record<string, Buffer>> {
  const file = await SafetensorsFile.open(join(emoji, 'unet', 'diffusion_pytorch_model.safetensors'))
  const shards: Record<string, Record<string, WeightTensor>> = {
    'part-one.safetensors': {},
    'part-two.safetensors': {},
  }
  const names = Object.keys(shards)
  const weightMap: Record<string, string> = {}
  for (const [i, key] of file.keys.entries()) {
    const name = names[i % 2] as string
    const { dtype, shape } = file.info(key)
    Object.assign(shards[name] as object, { [key]: { dtype, shape, data: await file.readBytes(key) } })
    weightMap[key] = name
  }
  await file.close()
  const files: Record<string, Buffer> = {
    'unet/config.json': await readFile(join(emoji, 'unet', 'config.json')),
    'unet/diffusion_pytorch_model.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: weightMap })),
  }
  for (const name of names) {
    await writeSafetensors(join(folder, name), shards[name] as Record<string, WeightTensor>)
    files[`unet/${name}`] = await readFile(join(folder, name))
  }
  return files
}
