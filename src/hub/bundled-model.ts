/** Finds the models that come with this package. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { BundledModelError } from '../errors/bundled-model-error'
import { parseJson } from '../format/parse-json'

/** Names of the models that come with this package. */
export type BundledModelName = 'emoji'

const NAMES: readonly string[] = ['emoji'] satisfies BundledModelName[]
const PACKAGE = 'tesserae'

/**
 * Returns the folder of a model that comes with this package, wherever it is installed.
 *
 * ```ts
 * const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
 * ```
 *
 * @throws BundledModelError for another name, or if the files of the package are not beside its code, as in a bundle
 */
export function bundledModel(name: BundledModelName): string {
  if (!NAMES.includes(name)) {
    throw new BundledModelError(
      name,
      `is not a model of this package. It has ${NAMES.map(each => `"${each}"`).join(', ')}.`,
    )
  }
  const folder = findPackageFolder()
  const model = folder && join(folder, 'models', name)
  if (model === undefined || !existsSync(join(model, 'model_index.json'))) {
    const advice = `If the code is bundled, copy node_modules/${PACKAGE}/models/${name} and pass the path of the copy.`
    throw new BundledModelError(name, `its files are missing from this package (looked beside ${__dirname}). ${advice}`)
  }
  return model
}

/**
 * Returns the path of a file that comes with this package in a folder beside its models.
 *
 * @throws BundledModelError if the files of the package are not beside its code, as in a bundle
 */
export function bundledFile(folder: 'clip-tokenizer', name: string): string {
  const top = findPackageFolder()
  const file = top && join(top, 'models', folder, name)
  if (file !== undefined && existsSync(file)) return file
  const advice = `If the code is bundled, copy node_modules/${PACKAGE}/models/${folder} beside its package.json, or pass { config: FOLDER } with a tokenizer.`
  throw new BundledModelError(folder, `its files are missing from this package (looked beside ${__dirname}). ${advice}`)
}

/**
 * Refuses a path that leads to a bundled model only from the folder of the package itself, such as `models/emoji`, before it is taken for a repository.
 *
 * @throws BundledModelError
 */
export function refuseBundledPath(path: string): void {
  const name = NAMES.find(each => normalize(path) === join('models', each))
  if (name === undefined || existsSync(path)) return
  const folder = findPackageFolder()
  const place = folder === undefined ? '' : ` It is in ${join(folder, 'models', name)}.`
  throw new BundledModelError(
    name,
    `there is no folder ${path} here. Pass bundledModel('${name}') for the model that comes with ${PACKAGE}: ` +
      `import { bundledModel } from '${PACKAGE}'.${place}`,
  )
}

/** The folder of this package, which is some levels above the code: another number of them once it is compiled. */
function findPackageFolder(): string | undefined {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json')
    if (!existsSync(file)) continue
    const json = parseJson(readFileSync(file, 'utf8')) as { name?: unknown } | null
    return json?.name === PACKAGE ? folder : undefined
  }
  return undefined
}
