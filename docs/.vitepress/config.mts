/** The site of the docs: `npm run docs` builds it into docs/.vitepress/dist, `npm run docs:dev` serves it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { emptyHeaders } from './empty-headers.mts'
import { linkOutside } from './link-outside.mts'
import { sidebarOf } from './sidebar.mts'

const root = join(import.meta.dirname, '..', '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** The versions that CHANGELOG.md has a heading for. The site describes one of them. */
function versionMenu(): DefaultTheme.NavItemWithChildren {
  const released = [
    ...readFileSync(join(root, 'CHANGELOG.md'), 'utf8').matchAll(/^## \[?v?(\d+\.\d+\.\d+[^\s\]]*)/gm),
  ].map(([, name]) => name as string)
  const shown = released.includes(version) ? released : [`${version} (not released yet)`, ...released]
  return {
    text: `v${version}`,
    items: [
      { text: 'This site describes', items: shown.slice(0, 1).map(text => ({ text, link: '/' })) },
      {
        text: 'Changes',
        items: [
          { text: 'Changelog', link: '/reference/changelog' },
          ...shown.slice(1).map(text => ({ text, link: `/reference/changelog#_${text.replaceAll('.', '-')}` })),
        ],
      },
    ],
  }
}

const base = process.env['DOCS_BASE'] ?? '/'

export default defineConfig({
  base,
  title: 'Tesserae',
  description: 'Modular diffusion pipelines for TypeScript',
  lang: 'en',
  cleanUrls: false,
  lastUpdated: false,
  metaChunk: true,
  markdown: {
    // The pages are Markdown alone: what looks like a tag, such as <lora:name>, is text.
    html: false,
    config: md => md.use(linkOutside).use(emptyHeaders),
    // The contrast of its colours is 4.5 or more.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    languages: ['ts', 'js', 'json', 'sh', 'python', 'yaml', 'ini'],
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start/install', activeMatch: '^/start/' },
      { text: 'Guides', link: '/guides/blocks', activeMatch: '^/guides/' },
      { text: 'Reference', link: '/reference/api/', activeMatch: '^/reference/' },
      versionMenu(),
    ],
    sidebar: sidebarOf(join(root, 'docs')),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    docFooter: { prev: 'Before', next: 'Next' },
  },
  vite: { build: { chunkSizeWarningLimit: 8192 } },
})
