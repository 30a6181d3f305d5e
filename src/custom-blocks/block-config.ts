/** `modular_config.json`, which says where the code of blocks is. Counterpart: the config of ModularPipelineBlocks of diffusers. */
import { join } from 'node:path'
import { z } from 'zod'
import type { Requirements } from '../composition/join-requirements'
import { BlockConfigError } from '../errors/block-config-error'
import { readText } from '../files/read-text'
import { DIFFUSERS_VERSION } from '../format/diffusers-version'
import { formatJson } from '../format/json'
import { parseJson } from '../format/parse-json'
import { explainMismatch } from '../params/schema'
import { readRequirements } from './check-requirements'

export const BLOCK_CONFIG_NAME = 'modular_config.json'

/** The class that the code stands for, by which Python finds it as well. */
const BASE_CLASS = 'ModularPipelineBlocks'

const schema = z.object({
  auto_map: z.record(z.string(), z.string()).optional(),
  requirements: z.unknown().optional(),
})

/** What a folder of blocks says of its code. */
export interface BlockConfig {
  readonly file: string
  /** The file as it is. */
  readonly text: string
  /** Path of the module without its ending, with `/`, from the folder. */
  readonly module: string
  readonly className: string
  readonly requirements: Requirements
}

/**
 * Reads the description of a folder; `undefined` if none exists, or it names no code.
 * @throws BlockConfigError for one that is malformed; InvalidRequirementsError
 */
export async function readBlockConfig(folder: string): Promise<BlockConfig | undefined> {
  const file = join(folder, BLOCK_CONFIG_NAME)
  let text: string
  try {
    text = await readText(file)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new BlockConfigError(file, `cannot be read: ${message}`, cause)
  }
  const parsed = schema.safeParse(parse(file, text))
  if (!parsed.success) throw new BlockConfigError(file, explainMismatch(parsed.error))
  const reference = parsed.data.auto_map?.[BASE_CLASS]
  if (reference === undefined) return undefined
  return {
    file,
    text,
    ...parseReference(file, reference),
    requirements: readRequirements(parsed.data.requirements, file),
  }
}

/** The description of blocks, as it is written.
 * @throws BlockConfigError for a module that is outside of the folder, or cannot be named */
export function formatBlockConfig(
  file: string,
  { module, className }: { module: string; className: string },
  requirements: Requirements,
): string {
  const reference = `${module}.${className}`
  parseReference(file, reference)
  return formatJson({
    _class_name: className,
    _diffusers_version: DIFFUSERS_VERSION,
    auto_map: { [BASE_CLASS]: reference },
    ...(Object.keys(requirements).length > 0 && { requirements }),
  })
}

function parse(file: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new BlockConfigError(file, `is not JSON: ${(cause as Error).message}`, cause)
  }
}

function parseReference(file: string, reference: string): { module: string; className: string } {
  const [, module, className] = /^([\w-]+(?:\/[\w-]+)*)\.([\w$]+)$/.exec(reference) ?? []
  if (module !== undefined && className !== undefined) return { module, className }
  const expected = 'the name of a module in this folder and of a class, like "block.MyBlock"'
  throw new BlockConfigError(file, `"auto_map" should hold ${expected}, but holds ${JSON.stringify(reference)}.`)
}
