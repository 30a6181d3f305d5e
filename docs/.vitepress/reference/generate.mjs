/** Writes the pages of the docs that are generated: the reference of every public name, the samples, and files of the repository. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { publicNames, referencesOf } from './api-index.mjs'
import { blockTables, publicBases } from './built-package.mjs'
import { checkComments, checkExamples, checkVerbs } from './check-reference.mjs'
import { usesInCode, usesInPage } from './find-uses.mjs'
import { anchorOf, escapeText, inlineCode, link, startDot, table } from './markdown.mjs'
import { commentOf } from './members.mjs'
import { ALL_GENERATED, docs, generated, PAGES_OF_FILES, root } from './places.mjs'
import { readApi } from './read-api.mjs'
import { relationsOf } from './relations.mjs'
import { renderName } from './render-name.mjs'
import { TOPIC_ORDER } from './topics.mjs'

/** Paths of pages, relative to the folder of the reference. */
const fromApi = path => relative(generated.api, path)

/** Writes all generated pages. @throws Error that lists undocumented names, or names without an example */
export async function generate() {
  for (const path of ALL_GENERATED) await rm(path, { recursive: true, force: true })
  const project = await readApi()
  const names = publicNames(project)
  const samples = await writeSamples()
  await copyFiles()
  const pages = await pagesOfDocs()
  const uses = usesOf(pages, samples, new Set(names.map(({ name }) => name)))
  const byReflection = new Map(names.map(({ reflection, name }) => [reflection, name]))
  const references = new Map(names.map(({ name, reflection }) => [name, referencesOf(reflection, byReflection)]))
  const tables = blockTables()
  const relations = relationsOf(names, references, tables, publicBases())
  await writeReference(names, { uses, relations, tables })
  const problems = [
    ...checkComments(names, { tables, relations }),
    ...checkVerbs(names),
    ...checkExamples(names, { uses, relations }),
  ]
  if (problems.length > 0) {
    throw new Error(
      `The reference is incomplete (${problems.length} problems):\n${problems.map(each => `- ${each}`).join('\n')}`,
    )
  }
  return { names: names.length }
}

/** A page for each sample, with its code. */
async function writeSamples() {
  const files = (await readdir(join(root, 'samples'))).filter(name => name.endsWith('.ts')).sort()
  await mkdir(generated.samples, { recursive: true })
  const samples = await Promise.all(
    files.map(async name => {
      const code = await readFile(join(root, 'samples', name), 'utf8')
      const [, about = ''] = /^\/\*\*\s*(.*?)\s*\*\//s.exec(code) ?? []
      const [comment, rest] =
        about === ''
          ? ['', code]
          : [escapeText(about.replace(/\s*\n\s*\*\s?/g, ' ')), code.replace(/^\/\*\*.*?\*\/\n/s, '')]
      const title = `samples/${name}`
      const path = join(generated.samples, name.replace(/\.ts$/, '.md'))
      await writeFile(
        path,
        `---\neditLink: false\n---\n\n# ${title}\n\n${comment}\n\n\`\`\`ts\n${rest.trim()}\n\`\`\`\n`,
      )
      return { title, path, code, comment }
    }),
  )
  const rows = samples.map(({ title, path, comment }) => [
    link(inlineCode(title), 'index.md', relative(generated.samples, path)),
    comment,
  ])
  const text = 'At the end of this page you know which sample shows what you want to do. The tests run all of them.'
  await writeFile(
    join(generated.samples, 'index.md'),
    `---\neditLink: false\n---\n\n# Samples\n\n${text}\n\n${table(['sample', 'shows'], rows)}\n`,
  )
  return samples
}

/** Writes pages of files outside of `docs`. Their links lead to the pages. */
async function copyFiles() {
  for (const [file, page] of Object.entries(PAGES_OF_FILES)) {
    const text = await readFile(join(root, file), 'utf8')
    const turned = text.replace(/\]\((?![a-z]+:|#)([^)\s]+)\)/g, (_, to) => {
      const [path, anchor] = to.split('#')
      const target = relative(root, join(root, dirname(file), path))
      const inDocs = PAGES_OF_FILES[target] ?? (target.startsWith('docs/') ? target.slice('docs/'.length) : undefined)
      if (inDocs === undefined) throw new Error(`${file} links to ${to}, which has no page in the docs.`)
      return `](${startDot(relative(dirname(page), inDocs))}${anchor ? `#${anchor}` : ''})`
    })
    await mkdir(dirname(join(docs, page)), { recursive: true })
    await writeFile(join(docs, page), `---\neditLink: false\n---\n\n${turned}`)
  }
}

/** The pages that are written by hand: `{ path, title, text }`. */
async function pagesOfDocs() {
  const files = (await readdir(docs, { recursive: true, withFileTypes: true }))
    .map(each => join(each.parentPath, each.name))
    .filter(
      path =>
        path.endsWith('.md') && !path.includes('.vitepress') && !ALL_GENERATED.some(each => path.startsWith(each)),
    )
    .sort()
  return Promise.all(
    files.map(async path => {
      const text = await readFile(path, 'utf8')
      return { path, text, title: /^# (.*)$/m.exec(text)?.[1] ?? 'Tesserae' }
    }),
  )
}

/** Links to the places that use each name: name → `[{ title, path }]`. */
function usesOf(pages, samples, published) {
  const uses = new Map()
  const add = (name, use) => uses.set(name, [...(uses.get(name) ?? []), use])
  for (const { path, text, title } of pages) {
    for (const [name, heading] of usesInPage(text, published)) {
      const anchor = heading === title || heading === '' ? '' : `#${anchorOf(heading)}`
      add(name, { title, path: `${fromApi(path)}${anchor}` })
    }
  }
  for (const { path, code, title } of samples) {
    for (const name of usesInCode(code, published)) add(name, { title, path: fromApi(path) })
  }
  return uses
}

/** Writes the page of each name, of each topic, and the list of all. */
async function writeReference(names, { uses, relations, tables }) {
  const paths = new Map(names.map(({ name, path }) => [name, path]))
  const byReflection = new Map(names.map(({ reflection, path }) => [reflection, path]))
  const pathOf = target => {
    let each = target
    while (each !== undefined && !byReflection.has(each)) each = each.parent
    return each && byReflection.get(each)
  }
  const context = { pathOf, pathOfName: name => paths.get(name) }
  const topics = new Map()
  for (const entry of names) {
    const { name, topic, path } = entry
    const own = {
      uses: uses.get(name) ?? [],
      related: relations.shown(name),
      blockTable: tables.get(name),
      isError: relations.isError(name),
    }
    const text = renderName(entry, { ...context, ...own })
    await mkdir(dirname(join(generated.api, path)), { recursive: true })
    await writeFile(join(generated.api, path), text)
    topics.set(topic.folder, { title: topic.title, names: [...(topics.get(topic.folder)?.names ?? []), entry] })
  }
  const missing = [...topics.keys()].filter(folder => !TOPIC_ORDER.includes(folder))
  if (missing.length > 0) throw new Error(`TOPIC_ORDER in topics.mjs lacks ${missing.join(', ')}.`)
  const ordered = TOPIC_ORDER.filter(folder => topics.has(folder)).map(folder => ({ folder, ...topics.get(folder) }))
  for (const { folder, title, names: own } of ordered) {
    const rows = own.map(({ name, path, reflection }) => [
      link(inlineCode(name), `${folder}/index.md`, path),
      firstSentence(commentOf(reflection)),
    ])
    await writeFile(
      join(generated.api, folder, 'index.md'),
      `---\neditLink: false\n---\n\n# ${title}\n\n${table(['name', ''], rows)}\n`,
    )
  }
  const list = ordered.map(({ folder, title, names: own }) => {
    const links = own.map(({ name, path }) => link(inlineCode(name), 'index.md', path)).join(', ')
    return `## ${link(title, 'index.md', `${folder}/index.md`)}\n\n${links}`
  })
  const about = `At the end of this page you have found the name that you look for. It lists all ${names.length} public names by topic.`
  await writeFile(
    join(generated.api, 'index.md'),
    `---\neditLink: false\noutline: 2\n---\n\n# Names\n\n${about}\n\n${list.join('\n\n')}\n`,
  )
  await writeFile(
    join(generated.api, 'sidebar.json'),
    JSON.stringify(
      ordered.map(({ folder, title, names: own }) => ({
        folder,
        title,
        names: own.map(({ name, path }) => ({ name, path: path.replace(/\.md$/, '') })),
      })),
    ),
  )
}

/** The beginning of a comment, as Markdown without links. */
function firstSentence(comment) {
  const text = (comment?.summary ?? []).map(({ text: part }) => part).join('')
  const [first = ''] = /^.*?[.:](?=\s|$)/s.exec(text.replace(/```.*/s, '').trim()) ?? [text]
  return escapeText(first.replace(/\s+/g, ' ').replace(/:$/, '.'))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { names } = await generate()
    process.stdout.write(`The reference has ${names} names.\n`)
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
