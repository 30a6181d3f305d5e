/** What `describe` and `graph` show: the text-to-image blocks, the pipeline of a model folder, or the blocks of a module. */
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StableDiffusionTextToImageBlocks } from '../blocks/stable-diffusion/text-to-image-blocks'
import type { ModularPipeline, ModularPipelineBlocks } from '../src'
import { kindOf, nameList } from '../src/errors/text'
import { UnknownSubjectError } from './unknown-subject-error'

/** Blocks, and the pipeline that they make with a model. */
export interface Subject {
  readonly blocks: ModularPipelineBlocks
  /** Only for a model folder. Nothing is loaded into it. */
  readonly pipe?: ModularPipeline<ModularPipelineBlocks>
}

const MODULES = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts']

/** Pipelines of diffusers that the text-to-image blocks run. */
const TEXT_TO_IMAGE = ['StableDiffusionPipeline']

/**
 * Finds what an argument of the command line names.
 * @throws UnknownSubjectError for what is not there, is no module, or holds no blocks; ModelIndexError for a folder that holds no model
 */
export async function loadSubject(subject?: string): Promise<Subject> {
  if (subject === undefined) return { blocks: new StableDiffusionTextToImageBlocks() }
  const path = resolve(subject)
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'there is no such folder or file.' : `cannot be read: ${cause.message}.`
    throw new UnknownSubjectError(subject, `${problem} ${ADVICE}`, cause)
  })
  return found.isDirectory() ? modelSubject(subject, path) : moduleSubject(subject, path)
}

const ADVICE = `Give the folder of a model in the diffusers layout, or a module (${MODULES.slice(0, 4).join(', ')}) that exports blocks.`

function modelSubject(subject: string, folder: string): Subject {
  const blocks: ModularPipelineBlocks = new StableDiffusionTextToImageBlocks()
  const pipe = blocks.initPipeline(folder)
  const className = pipelineClass(join(folder, 'model_index.json'))
  if (className !== undefined && !TEXT_TO_IMAGE.includes(className)) {
    const known = `there are blocks for ${nameList(TEXT_TO_IMAGE)} only. Describe a module with blocks for it instead.`
    throw new UnknownSubjectError(subject, `this is a model for ${className}, but ${known}`)
  }
  return { blocks, pipe }
}

/** The pipeline that a model was made for, as its index says; the index itself has been checked. */
function pipelineClass(file: string): string | undefined {
  const { _class_name: name } = JSON.parse(readFileSync(file, 'utf8')) as { _class_name?: unknown }
  return typeof name === 'string' ? name : undefined
}

async function moduleSubject(subject: string, file: string): Promise<Subject> {
  if (!MODULES.includes(extname(file))) {
    throw new UnknownSubjectError(subject, `this is neither a folder nor a module. ${ADVICE}`)
  }
  const exports = await importModule(subject, file)
  const block = chooseExport(subject, exports)
  if (typeof block !== 'function') return { blocks: block }
  try {
    return { blocks: new block() }
  } catch (cause) {
    const problem = `its class ${block.name} cannot be made without arguments: ${(cause as Error).message}`
    throw new UnknownSubjectError(subject, problem, cause)
  }
}

async function importModule(subject: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (cause) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause))
    const compile =
      extname(file).endsWith('ts') && ['SyntaxError', 'TypeError'].includes(name)
        ? ' Node itself runs no decorators: compile the file with tsc and give the .js file that comes out.'
        : ''
    throw new UnknownSubjectError(subject, `cannot be loaded: ${name}: ${message}.${compile}`.replace('..', '.'), cause)
  }
}

/** Names that Node or a compiler adds to those of a CommonJS module. */
const OF_NODE = ['__esModule', 'module.exports']

type BlockClass = new () => ModularPipelineBlocks

/** The default export, or the only export that is a block or a class of blocks. */
function chooseExport(subject: string, exports: Record<string, unknown>): BlockClass | ModularPipelineBlocks {
  // A CommonJS module is the default export of itself.
  const inner = exports['default']
  const isPlain = typeof inner === 'object' && inner !== null && !isBlocks(inner)
  const all: Record<string, unknown> = isPlain ? { ...exports, ...inner } : exports
  if (isBlocks(all['default'])) return all['default']
  const found = Object.entries(all).filter(([, value]) => isBlocks(value))
  const distinct = new Set(found.map(([, value]) => value))
  const [only] = distinct
  if (distinct.size === 1) return only as BlockClass | ModularPipelineBlocks
  if (distinct.size > 1) {
    const names = nameList(found.map(([name]) => name))
    throw new UnknownSubjectError(subject, `it exports several blocks, ${names}: make one of them the default export.`)
  }
  const others = Object.entries(all).flatMap(([name, value]) =>
    value === inner || OF_NODE.includes(name) ? [] : [`${name} (${kindOf(value)})`],
  )
  const exported = others.length > 0 ? `it exports ${others.join(', ')}` : 'it exports nothing'
  throw new UnknownSubjectError(
    subject,
    `${exported}, but no block: export a class that extends ModularPipelineBlocks.`,
  )
}

/** By their members: the module may have a copy of the package of its own. */
function isBlocks(value: unknown): value is BlockClass | ModularPipelineBlocks {
  const block = typeof value === 'function' ? (value.prototype as unknown) : value
  return typeof block === 'object' && block !== null && 'subBlocks' in block && 'expectedComponents' in block
}
