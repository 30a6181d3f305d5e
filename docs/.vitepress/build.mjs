/** Builds the site of the docs: the generated pages, VitePress's build, and a check of all links. `DOCS_BASE` is the path that it is served at. */
import { join } from 'node:path'
import { build } from 'vitepress'
import { deadLinks } from './check-site.mjs'
import { generate } from './reference/generate.mjs'
import { docs } from './reference/places.mjs'

try {
  const { names } = await generate()
  await build(docs)
  const dead = await deadLinks(join(docs, '.vitepress', 'dist'), process.env.DOCS_BASE ?? '/')
  if (dead.length > 0)
    throw new Error(`${dead.length} links lead nowhere:\n${dead.map(each => `- ${each}`).join('\n')}`)
  process.stdout.write(`The docs are in docs/.vitepress/dist, with ${names} names in the reference.\n`)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
