/** The sidebar: the pages of the folders in the order of reading. Pages that are not listed come last. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'

/** Pages of each folder, in groups. */
const FOLDERS: readonly {
  readonly title: string
  readonly folder: string
  readonly groups: Readonly<Record<string, readonly string[]>>
}[] = [
  {
    title: 'Start',
    folder: 'start',
    groups: { '': ['install', 'first-picture', 'tour', 'first-block', 'first-loop'] },
  },
  {
    title: 'Guides',
    folder: 'guides',
    groups: {
      Draw: [
        'stable-diffusion',
        'stable-diffusion-xl',
        'image-to-image',
        'inpainting',
        'controlnet',
        'lora',
        'textual-inversion',
        'ip-adapter',
        'freeu',
        'prompts',
        'schedulers',
        'guiders',
        'previews',
        'safety',
      ],
      Models: ['load-models', 'single-files', 'quantization', 'save-and-share', 'memory', 'weights', 'vocabulary'],
      Blocks: ['blocks', 'testing', 'custom-blocks', 'pictures', 'json'],
      Runs: ['cancel-and-resume', 'stages', 'limits'],
    },
  },
  {
    title: 'Concepts',
    folder: 'concepts',
    groups: { '': ['state', 'wiring', 'types', 'lifetimes', 'container', 'executors', 'speed'] },
  },
  {
    title: 'Reference',
    folder: 'reference',
    groups: { '': ['api/index', 'command-line', 'samples/index', 'untrusted-models', 'results', 'changelog'] },
  },
  { title: 'Coming from…', folder: 'coming-from', groups: { '': ['python', 'comfyui'] } },
  { title: 'Operate', folder: 'operate', groups: { '': ['studio', 'serving', 'workers', 'telemetry', 'bundlers'] } },
  {
    title: 'Contribute',
    folder: 'contribute',
    groups: { '': ['architecture', 'contributing', 'families', 'schedulers', 'kernels', 'helpers', 'plain-words'] },
  },
]

/**
 * Returns the sidebar, with one of its own for each topic of the reference.
 * @throws Error for a group that names a page that does not exist
 */
export function sidebarOf(docs: string): DefaultTheme.SidebarMulti {
  const main = FOLDERS.map(({ title, folder, groups }) => {
    const named = Object.values(groups).flat()
    const there = readdirSync(join(docs, folder)).flatMap(name => (name.endsWith('.md') ? [name.slice(0, -3)] : []))
    const others = there.filter(name => !named.includes(name))
    const missing = named.filter(name => !existsSync(join(docs, folder, `${name}.md`)))
    if (missing.length > 0)
      throw new Error(`docs/${folder} has no page ${missing.join(', ')}, which docs/.vitepress/sidebar.mts names.`)
    const items = Object.entries(groups).flatMap(([group, pages]): DefaultTheme.SidebarItem[] => {
      const links = pages.map(page => linkTo(docs, folder, page))
      return group === '' ? links : [{ text: group, items: links }]
    })
    items.push(...others.map(page => linkTo(docs, folder, page)))
    return { text: title, items }
  })
  const topics: { folder: string; title: string; names: { name: string; path: string }[] }[] = JSON.parse(
    readFileSync(join(docs, 'reference', 'api', 'sidebar.json'), 'utf8'),
  )
  const reference = (open: string): DefaultTheme.SidebarItem[] => [
    { text: 'All docs', link: '/start/install' },
    {
      text: 'Names',
      link: '/reference/api/',
      items: topics.map(({ folder, title, names }) => ({
        text: title,
        link: `/reference/api/${folder}/`,
        ...(folder === open && {
          items: names.map(({ name, path }) => ({ text: name, link: `/reference/api/${path}` })),
        }),
      })),
    },
  ]
  return {
    ...Object.fromEntries(topics.map(({ folder }) => [`/reference/api/${folder}/`, reference(folder)])),
    '/reference/api/': reference(''),
    '/': main,
  }
}

function linkTo(docs: string, folder: string, page: string): DefaultTheme.SidebarItem {
  return { text: titleOf(join(docs, folder, `${page}.md`)), link: `/${folder}/${page.replace(/index$/, '')}` }
}

function titleOf(file: string): string {
  return /^# (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.replaceAll('`', '') ?? file
}
