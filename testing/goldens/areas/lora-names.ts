/** The case `lora_names`: LoRA files in kohya's names, on top of the models of another case. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EVERYWHERE, layerWeights } from '../../../components/adapters/lora/block-weights'
import type { LoraComponent } from '../../../components/adapters/lora/lora-keys'
import { readLora } from '../../../components/adapters/lora/read-lora'
import { toCamelCase } from '../../../src/format/wire-names'
import type { FromSingleFileOptions } from '../../../src/params/component-class'
import { type GoldenCase, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { type ComponentCall, checkModelCall, type FileModel, loadFileModel } from './file-models'

/** A LoRA, with calls of the models that it changes. */
export interface RecordedLora {
  readonly file: string
  /** Path of the case of its models, below the folder of goldens. */
  readonly base: string
  readonly calls: readonly ComponentCall[]
}

/** The LoRAs of a case. */
export function recordedLoras({ files }: Json): readonly RecordedLora[] {
  return ((files ?? []) as readonly Partial<RecordedLora>[]).filter(file => file.base !== undefined) as RecordedLora[]
}

/** Checks the models of one LoRA, each loaded once from the file of its case. */
export async function checkRecordedLora(
  golden: GoldenCase,
  { file, base, calls }: RecordedLora,
  tolerance: Tolerance,
  options: FromSingleFileOptions,
): Promise<void> {
  const folder = join(golden.folder, '..', '..', base)
  const models = new Map<LoraComponent, FileModel>()
  try {
    for (const component of new Set(calls.map(call => call.component))) {
      const place = { config: join(folder, 'diffusers'), subfolder: component, ...options }
      models.set(toCamelCase(component) as LoraComponent, await loadFileModel(component, baseFile(folder), place))
    }
    const networks = await readLora(
      join(golden.folder, file),
      Object.fromEntries([...models].map(([name, { model }]) => [name, model])),
    )
    try {
      for (const call of calls) {
        const name = toCamelCase(call.component) as LoraComponent
        const loaded = models.get(name) as FileModel
        const weights = layerWeights(EVERYWHERE, name, 1)
        const own = networks.filter(({ component }) => component === name)
        const hooks = own.flatMap(network => network.hooks(loaded.model, weights))
        await checkModelCall(golden, call, call.outputs, loaded, tolerance, hooks)
      }
    } finally {
      for (const network of networks) network.dispose()
    }
  } finally {
    for (const { model } of models.values()) model.dispose()
  }
}

/** The file of a case that has the weights with which its outputs were recorded. */
function baseFile(folder: string): string {
  const { files } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as {
    files: readonly { file: string; outputs?: object }[]
  }
  const own = files.find(({ outputs }) => outputs === undefined)
  if (own === undefined) throw new UnsupportedGoldenError(`the case ${folder}, which has no file of its own weights`)
  return join(folder, own.file)
}
