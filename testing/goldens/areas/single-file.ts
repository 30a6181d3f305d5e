/** The `single_file` area: models out of files in their original key layout, with the settings that lie beside them. */
import { join } from 'node:path'
import type { FromSingleFileOptions } from '../../../src/params/component-class'
import { type GoldenCase, type Json, type Tolerance, UnsupportedGoldenError } from '../golden-case'
import { type ComponentCall, checkModelCall, loadFileModel, type RecordedOutputs } from './file-models'
import { checkRecordedLora, recordedLoras } from './lora-names'

const FALLBACK: Tolerance = { atol: 2e-4, rtol: 2e-4 }

interface RecordedFile {
  readonly file: string
  readonly components?: readonly string[]
  /** What a file with other values than the folder's gives, by component and call. */
  readonly outputs?: Readonly<Record<string, RecordedOutputs>>
  /** What the averaged weights give. */
  readonly ema_outputs?: Readonly<Record<string, RecordedOutputs>>
}

/** Names of the files of a case. */
export function singleFiles(json: Json): readonly string[] {
  const files = [...filesOf(json), ...recordedLoras(json)].map(({ file }) => file)
  return files.length === 0 ? [''] : files
}

function filesOf({ files, recognition }: Json): readonly RecordedFile[] {
  // Other cases are about LoRAs, and families that are not read from one file.
  return recognition === undefined ? [] : (files as readonly RecordedFile[])
}

/**
 * Checks the models of one file, or those that a LoRA changes.
 *
 * @param part the file
 * @param options how the models are loaded, and a tolerance in place of the case's
 */
export async function checkSingleFile(
  golden: GoldenCase,
  part: string,
  { tolerance = golden.tolerance(FALLBACK), ...options }: FromSingleFileOptions & { tolerance?: Tolerance } = {},
): Promise<void> {
  const lora = recordedLoras(golden.json).find(({ file }) => file === part)
  if (lora !== undefined) return checkRecordedLora(golden, lora, tolerance, options)
  const recorded = filesOf(golden.json).find(({ file }) => file === part)
  if (recorded === undefined) throw new UnsupportedGoldenError(`the case ${golden.name}`)
  const calls = golden.json.calls as readonly ComponentCall[]
  // A file without a list of components holds what the library cannot read, and its text encoder.
  for (const component of recorded.components ?? ['text_encoder']) {
    const ofComponent = calls.filter(call => call.component === component)
    await checkComponent(golden, recorded, component, ofComponent, recorded.outputs, tolerance, options)
    const averaged = recorded.ema_outputs
    if (averaged && Object.keys(averaged).some(name => name.startsWith(`${component}.`))) {
      await checkComponent(golden, recorded, component, ofComponent, averaged, tolerance, {
        ...options,
        extractEma: true,
      })
    }
  }
}

async function checkComponent(
  golden: GoldenCase,
  { file }: RecordedFile,
  component: string,
  calls: readonly ComponentCall[],
  others: RecordedFile['outputs'],
  tolerance: Tolerance,
  options: FromSingleFileOptions,
): Promise<void> {
  // The folder of a case of one model is that of the model.
  const subfolder = singleModel(golden) ? '.' : component
  const config = join(golden.folder, 'diffusers')
  const loaded = await loadFileModel(component, join(golden.folder, file), { config, subfolder, ...options })
  try {
    for (const each of calls) {
      const outputs = others === undefined ? each.outputs : others[`${component}.${each.call}`]
      if (outputs !== undefined) await checkModelCall(golden, each, outputs, loaded, tolerance)
    }
  } finally {
    loaded.model.dispose()
  }
}

function singleModel({ json }: GoldenCase): boolean {
  return new Set((json.calls as readonly ComponentCall[]).map(({ component }) => component)).size === 1
}
