/** Reads what the package exports, with its comments, by TypeDoc. */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Application, FileRegistry } from 'typedoc'
import ts from 'typescript'
import { root } from './places.mjs'

/** What users import, and the files behind it. */
export const ENTRIES = {
  tesserae: 'index.ts',
  'tesserae/server': 'server/index.ts',
  'tesserae/testing': 'testing/index.ts',
  'tesserae/testing/jest': 'testing/jest.ts',
}

const config = join(root, 'tsconfig.build.json')
const cache = join(root, 'docs', '.vitepress', 'cache', 'api.json')

/**
 * Returns TypeDoc's project. Reading takes some 20 seconds, so it is kept until a source file changes.
 * @throws Error with TypeDoc's messages, if a comment names what does not exist.
 */
export async function readApi() {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: Object.values(ENTRIES).map(file => join(root, file)),
    tsconfig: config,
    // `npm run typecheck` does that.
    skipErrorChecking: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    readme: 'none',
    sort: ['source-order'],
    logLevel: 'Warn',
    validation: { notExported: false, invalidLink: true, notDocumented: false },
  })
  const sources = sourcesOf()
  const kept = await readFile(cache, 'utf8').catch(() => undefined)
  if (kept !== undefined && (await newest(sources)) < (await stat(cache)).mtimeMs) {
    return app.deserializer.reviveProject('tesserae', JSON.parse(kept), {
      projectRoot: root,
      registry: new FileRegistry(),
    })
  }
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources: see its messages above.')
  app.validate(project)
  if (app.logger.hasErrors() || app.logger.hasWarnings()) {
    throw new Error('TypeDoc has complaints about the comments of the sources: see its messages above.')
  }
  await mkdir(join(cache, '..'), { recursive: true })
  await writeFile(cache, JSON.stringify(app.serializer.projectToObject(project, root)))
  return project
}

/** All files of the project's program that are its own. */
function sourcesOf() {
  const { config: settings } = ts.readConfigFile(config, name => readFileSync(name, 'utf8'))
  return ts.parseJsonConfigFileContent(settings, ts.sys, root).fileNames
}

/** When the newest of the files, or of what decides on reading them, was changed. */
async function newest(files) {
  const deciding = [
    ...files,
    config,
    join(root, 'tsconfig.json'),
    join(root, 'package-lock.json'),
    import.meta.filename,
  ]
  const times = await Promise.all(deciding.map(async file => (await stat(file)).mtimeMs))
  return Math.max(...times)
}
