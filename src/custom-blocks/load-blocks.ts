/** Blocks from the code that a folder or a repository holds. Counterpart: ModularPipelineBlocks.from_pretrained of diffusers. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { BlockConfigError } from '../errors/block-config-error'
import { CustomCodeError } from '../errors/custom-code-error'
import { emitWarning } from '../errors/emit-warning'
import { nameList } from '../errors/text'
import { UntrustedCodeError, type UntrustedCodeReason } from '../errors/untrusted-code-error'
import { isRepositoryId, type RepositoryOptions, resolveRepository } from '../hub/repository-resolver'
import { isBlockOrClass } from '../wiring/blocks'
import { BLOCK_CONFIG_NAME, type BlockConfig, readBlockConfig } from './block-config'
import { unmetRequirements } from './check-requirements'
import { CodeFiles } from './code-files'
import { CodeRunner } from './run-code'

/** Options of loading blocks from code that somebody published. */
export interface CustomBlocksOptions extends RepositoryOptions {
  /** Lets the code of the folder run, with all rights of this process. Default: `false`. Needs a `revision` that pins it. */
  trustRemoteCode?: boolean | undefined
  /** What was trusted: the full commit of a repository, or for a folder what the refusal names, `sha256:…` of its code. */
  revision?: string | undefined
  /** Folder inside of the repository that the blocks are in. */
  subfolder?: string | undefined
}

/** A class of blocks. */
export type CustomBlockClass = new () => object

const COMMIT = /^[0-9a-f]{40}$/

// The same code gives the same classes, however often it is loaded.
const runners = new Map<string, CodeRunner>()

/**
 * The class of blocks that the code of a folder holds; `undefined` where there is no code. Nothing runs unless `trustRemoteCode` is given and the revision
 * is pinned.
 *
 * @throws UntrustedCodeError saying what would have run; BlockConfigError, InvalidRequirementsError, CustomCodeError; what fetching throws
 */
export async function findCustomBlocks(
  source: string,
  { trustRemoteCode = false, ...options }: CustomBlocksOptions = {},
): Promise<CustomBlockClass | undefined> {
  const { revision, subfolder } = options
  const isRepository = isRepositoryId(source)
  const top = await resolveRepository(source, { subfolder, files: [BLOCK_CONFIG_NAME] }, options)
  const folder = subfolder === undefined ? top : join(top, subfolder)
  const config = await readBlockConfig(folder)
  if (config === undefined) return undefined
  if (isRepository)
    await resolveRepository(source, { subfolder, files: [], code: true }, { ...options, revision: basename(top) })
  const code = await CodeFiles.read(folder, config.text)
  const module = findModule(config, code)
  const pin = isRepository ? basename(top) : code.digest
  const reason = whyUntrusted(trustRemoteCode, revision, pin, isRepository)
  if (reason !== undefined) {
    const { className, requirements } = config
    const refused = { source, folder, revision: pin, module, className, files: code.sizes, requirements }
    throw new UntrustedCodeError(reason, refused, revision)
  }
  for (const problem of unmetRequirements(config.requirements)) {
    emitWarning('UNMET_REQUIREMENT', `${source}: ${problem}`)
  }
  return loadBlockClass(config, code, module)
}

/** As {@link findCustomBlocks}, for callers that want blocks and nothing else.
 * @throws BlockConfigError where there is no code, too */
export async function loadCustomBlocks(source: string, options: CustomBlocksOptions = {}): Promise<CustomBlockClass> {
  const found = await findCustomBlocks(source, options)
  if (found !== undefined) return found
  const isThere = isRepositoryId(source) || existsSync(source)
  const problem = `${isThere ? 'there are no blocks' : 'not found'}: a folder of blocks has a ${BLOCK_CONFIG_NAME} whose "auto_map" names a module and a class. "npx tesserae create block" makes one.`
  throw new BlockConfigError(options.subfolder === undefined ? source : join(source, options.subfolder), problem)
}

function whyUntrusted(
  isTrusted: unknown,
  revision: string | undefined,
  pin: string,
  isRepository: boolean,
): UntrustedCodeReason | undefined {
  // JavaScript, and callers that read options from a file, may pass the text "false".
  if (isTrusted !== true) return 'not-trusted'
  const isPinned = revision !== undefined && (isRepository ? COMMIT : /^sha256:/).test(revision)
  if (!isPinned) return 'not-pinned'
  return revision === pin ? undefined : 'changed'
}

/** The file of the module. */
function findModule({ module, file }: BlockConfig, code: CodeFiles): string {
  const found = ['.js', '.cjs'].map(ending => module + ending).find(path => code.texts.has(path))
  if (found !== undefined) return found
  throw new CustomCodeError(
    join(code.folder, `${module}.js`),
    `not found, though ${file} names it. Blocks of Python (${module}.py) do not run here; blocks of TypeScript must be compiled.`,
  )
}

function loadBlockClass({ className }: BlockConfig, code: CodeFiles, module: string): CustomBlockClass {
  const key = `${code.folder}\0${code.digest}`
  const runner = runners.get(key) ?? new CodeRunner(code)
  runners.set(key, runner)
  const file = join(code.folder, module)
  const exports = (runner.run(module) ?? {}) as Record<string, unknown>
  const found = exports[className]
  if (isBlockClass(found)) return found
  const others = Object.keys(exports).filter(name => name !== '__esModule')
  const problem =
    found === undefined
      ? `exports no ${className}; it exports ${nameList(others)}.`
      : `its ${className} is not a class of blocks: it must extend ModularPipelineBlocks of tesserae.`
  throw new CustomCodeError(file, problem)
}

function isBlockClass(value: unknown): value is CustomBlockClass {
  return typeof value === 'function' && isBlockOrClass(value)
}
