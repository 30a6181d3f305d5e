/** The built site of the docs in a browser. `npm run docs` builds it; without it, these tests are skipped. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { Browser } from 'playwright-core'
import { accessibilityFaults, complaintsOf, describeInChromium, startChromium } from '../studio/chromium'

const site = join(__dirname, '..', '..', 'docs', '.vitepress', 'dist')

/** One page of each kind. */
const PAGES = [
  '/',
  '/start/first-picture.html',
  '/guides/guiders.html',
  '/guides/quantization.html',
  '/contribute/architecture.html',
  '/reference/command-line.html',
  '/reference/api/',
  '/reference/api/pipelines/ModularPipeline.html',
  '/reference/samples/',
  '/reference/changelog.html',
]

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}

/** Serves the site as any web server does. */
async function serveSite(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = normalize(join(site, pathname.endsWith('/') ? `${pathname}index.html` : pathname))
    const bytes = path.startsWith(site) ? await readFile(path).catch(() => undefined) : undefined
    response.writeHead(bytes === undefined ? 404 : 200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' })
    response.end(bytes)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

const isBuilt = existsSync(join(site, 'index.html'))
const describeSite: typeof describeInChromium = isBuilt
  ? describeInChromium
  : (name, tests) => describe.skip(`${name} (skipped: it is not built; npm run docs)`, tests)

describeSite('the site of the docs', () => {
  let server: Server
  let browser: Browser
  let address: string

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([serveSite(), startChromium()])
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    await browser.close()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  test.each(['light', 'dark'] as const)('axe-core finds nothing in its pages: %s', async colorScheme => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme })
    const complaints = complaintsOf(page)
    const faults: string[] = []
    for (const path of PAGES) {
      const answer = await page.goto(`${address}${path}`, { waitUntil: 'networkidle' })
      if (answer?.status() !== 200) faults.push(`${path}: ${answer?.status()}`)
      faults.push(...(await accessibilityFaults(page)).map(fault => `${path}: ${fault}`))
    }
    expect(faults).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })

  test('its search finds a page', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(`${address}/`, { waitUntil: 'networkidle' })
    await page
      .getByRole('button', { name: /search/i })
      .first()
      .click()
    await page.locator('.VPLocalSearchBox input').fill('cancel a run')
    const first = page.locator('.VPLocalSearchBox .result').first()
    await first.waitFor()
    expect(await first.getAttribute('href')).toMatch(/cancel/)
    await page.close()
  })
})
