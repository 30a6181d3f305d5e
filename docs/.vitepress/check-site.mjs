/** Follows every link of the built site, also to anchors and pictures. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Returns a line for each link of the site that leads nowhere.
 * @param folder - the built site
 * @param base - the path that it is served at, such as `/` or `/tesserae/`
 */
export async function deadLinks(folder, base) {
  const names = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.html'))
  const pages = new Map(
    await Promise.all(
      names.map(async name => {
        const html = await readFile(join(folder, name), 'utf8')
        const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))
        const links = [...html.matchAll(/<(?:a|img|link|script)\s[^>]*?(?:href|src)="([^"]*)"/g)].map(([, to]) =>
          to.replaceAll('&amp;', '&'),
        )
        return [name.replaceAll('\\', '/'), { ids, links: new Set(links) }]
      }),
    ),
  )
  const dead = []
  for (const [name, { links }] of pages) {
    for (const to of links) {
      if (/^(?:[a-z]+:|\/\/)/i.test(to)) continue
      const { pathname, hash } = new URL(to, `http://docs${base}${name}`)
      const problem = pathname.startsWith(base)
        ? problemOf(decodeURI(pathname.slice(base.length)), decodeURIComponent(hash.slice(1)))
        : 'is outside of the site'
      if (problem) dead.push(`${name}: ${to} ${problem}`)
    }
  }
  return dead

  function problemOf(path, anchor) {
    const file = path === '' || path.endsWith('/') ? `${path}index.html` : path
    const page = pages.get(file) ?? pages.get(`${file}.html`)
    if (page === undefined) return existsSync(join(folder, file)) ? undefined : 'leads nowhere'
    return anchor === '' || page.ids.has(anchor) ? undefined : 'leads to no heading'
  }
}
