/** What `describe` and `graph` show: the blocks of the bundled model, the pipeline of a model, or the blocks of a module. */

import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundledModel, type ModularPipelineBlocks } from '../src'
import type { BlockClass } from '../src/composition/block-source'
import { kindOf, nameList } from '../src/errors/text'
import { absolutePath } from '../src/files/absolute-path'
import { recoverFolder } from '../src/files/leftovers'
import { classNameOf } from '../src/format/class-name'
import { isRepositoryId } from '../src/hub/repository-resolver'
import { isSingleFile } from '../src/hub/single-file-source'
import { isBlockOrClass } from '../src/wiring/blocks'
import { type AnyPipeline, openPipeline } from './open-pipeline'
import { requireRevisions } from './require-revisions'
import { UnfitOptionError } from './unfit-option-error'
import { UnknownSubjectError } from './unknown-subject-error'

/** Blocks, and the pipeline that they make with a model. */
export interface Subject {
  readonly blocks: ModularPipelineBlocks
  /** Only for a model. Nothing is loaded into it. */
  readonly pipe?: AnyPipeline
}

/** Further options that choose the blocks, as commander parses them. */
export interface SubjectOptions {
  /** Branch, tag or commit of a repository. */
  revision?: string
  /** Lets the code of blocks run that come with it. */
  trustRemoteCode?: boolean
  /** Takes a repository from the cache. */
  offline?: boolean
  /** Shows those blocks alone that a workflow runs. */
  workflow?: string
}

const MODULES = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts']
const ADVICE = `Pass the folder of a model in the diffusers layout, a .safetensors or .gguf file, the id of a repository such as org/name, or a module (${MODULES.slice(0, 4).join(', ')}) that exports blocks.`

/**
 * Finds what an argument of the command line names.
 * @throws UnknownSubjectError for what does not exist, is not a module, holds no blocks, or is a model whose blocks are
 * unknown; ModelIndexError for a folder
 * that holds no model; NoWorkflowsError, UnknownWorkflowError; UnfitOptionError, InvalidRepositoryNameError for a revision of what has none; what fetching the
 * index of a repository throws
 */
export async function loadSubject(subject: string | undefined, options: SubjectOptions = {}): Promise<Subject> {
  if (subject === undefined) {
    if (options.revision !== undefined) {
      throw new UnfitOptionError('--revision', 'is for a repository. Name one, such as org/name, or leave it out.')
    }
    return { blocks: (await modelSubject('', bundledModel('emoji'), options)).blocks }
  }
  // That of code is a checksum.
  if (!options.trustRemoteCode) requireRevisions(subject, options.revision, '--revision')
  if (isSingleFile(subject)) return modelSubject(subject, subject, options)
  const path = absolutePath(subject)
  recoverFolder(path)
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => cause)
  if (found instanceof Error) {
    // A misspelt file is not asked for on the Hub.
    if (found.code === 'ENOENT' && isRepositoryId(subject) && !isModule(subject))
      return modelSubject(subject, subject, options)
    const problem = found.code === 'ENOENT' ? 'there is no such folder or file.' : `cannot be read: ${found.message}.`
    throw new UnknownSubjectError(subject, `${problem} ${ADVICE}`, found)
  }
  if (!found.isDirectory() && !found.isFile())
    throw new UnknownSubjectError(subject, `this is a device, a pipe or a socket. ${ADVICE}`)
  if (found.isDirectory()) return modelSubject(subject, path, options)
  requireRevisions(subject, options.revision, '--revision')
  return ofBlocks(await moduleBlocks(subject, path), options)
}

function ofBlocks(blocks: ModularPipelineBlocks, { workflow }: SubjectOptions): Subject {
  return { blocks: workflow === undefined ? blocks : blocks.getWorkflow(workflow) }
}

/** The pipeline that the index of a model names; nothing but the index is read. */
async function modelSubject(subject: string, source: string, options: SubjectOptions): Promise<Subject> {
  const { offline, ...others } = options
  const pipe = await openPipeline(subject, source, { ...others, ...(offline && { localFilesOnly: true }) })
  return { blocks: pipe.blocks, pipe }
}

function isModule(file: string): boolean {
  return MODULES.includes(extname(file))
}

async function moduleBlocks(subject: string, file: string): Promise<ModularPipelineBlocks> {
  if (!isModule(file)) {
    throw new UnknownSubjectError(subject, `this is neither a folder nor a module. ${ADVICE}`)
  }
  const exports = await importModule(subject, file)
  const block = chooseExport(subject, exports)
  if (typeof block !== 'function') return block
  try {
    return new block()
  } catch (cause) {
    const problem = `its class ${classNameOf(block)} cannot be made without arguments: ${(cause as Error).message}`
    throw new UnknownSubjectError(subject, problem, cause)
  }
}

async function importModule(subject: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (cause) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause))
    // What follows the first line is where Node has looked.
    const [reason = ''] = message.split('\n')
    const compile =
      extname(file).endsWith('ts') && ['SyntaxError', 'TypeError'].includes(name)
        ? ' Node cannot run decorators: compile the file with tsc and pass the resulting .js file.'
        : ''
    throw new UnknownSubjectError(subject, `cannot be loaded: ${name}: ${reason.replace(/\.$/, '')}.${compile}`, cause)
  }
}

/** Names that Node or a compiler adds to those of a CommonJS module. */
const OF_NODE = ['__esModule', 'module.exports']

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
  const exported = others.length > 0 ? `it exports ${others.join(', ')}, but no block` : 'it exports nothing'
  throw new UnknownSubjectError(subject, `${exported}: export a class that extends ModularPipelineBlocks.`)
}

function isBlocks(value: unknown): value is BlockClass | ModularPipelineBlocks {
  return isBlockOrClass(value)
}
