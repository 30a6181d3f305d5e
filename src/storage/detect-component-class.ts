/** Finds out from a component's own files of which class it is. Counterpart: AutoModel.from_pretrained of diffusers. */
import { join } from 'node:path'
import { readText } from '../files/read-text'
import { parseJson } from '../format/parse-json'
import { resolveRepository } from '../hub/repository-resolver'
import type { FromPretrainedOptions } from '../params/component-class'

/** Files that name a class, and how; the first that is there counts. */
const CONFIG_FILES: readonly (readonly [file: string, read: (config: Record<string, unknown>) => unknown])[] = [
  ['config.json', config => config['_class_name'] ?? [config['architectures']].flat()[0]],
  ['scheduler_config.json', config => config['_class_name']],
  ['guider_config.json', config => config['_class_name']],
  ['tokenizer_config.json', config => config['tokenizer_class']],
]

/**
 * The name of the class that the config of a folder or of a repository's folder states; `undefined` where no config is there or none states it.
 * @throws the errors of `resolveRepository`
 */
export async function detectComponentClass(path: string, options: FromPretrainedOptions): Promise<string | undefined> {
  const { subfolder } = options
  const part = { subfolder, files: CONFIG_FILES.map(([file]) => file) }
  const top = await resolveRepository(path, part, options)
  const folder = subfolder === undefined ? top : join(top, subfolder)
  for (const [file, read] of CONFIG_FILES) {
    const config = await readObject(join(folder, file))
    const name = config && read(config)
    if (typeof name === 'string') return name
  }
  return undefined
}

/** A missing or damaged file names nothing: the loader of the component reports what is wrong with it. */
async function readObject(file: string): Promise<Record<string, unknown> | undefined> {
  try {
    const json: unknown = parseJson(await readText(file))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
