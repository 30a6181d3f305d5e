/** Debian's Chromium, where it is installed. */
import { existsSync, readFileSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const PLACES = [process.env['TESSERAE_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser']

/** The browser's program; `undefined` if none exists. */
export const chromiumPath = PLACES.find(place => place !== undefined && existsSync(place))

/** `describe`, or a skipped one that says what is missing. */
export const describeInChromium: (name: string, tests: () => void) => void =
  chromiumPath === undefined
    ? (name, tests) => describe.skip(`${name} (skipped: there is no Chromium; apt-get install chromium)`, tests)
    : describe

/** Starts the browser. */
export function startChromium(): Promise<Browser> {
  // As root, which tests often are in containers, it has no sandbox.
  return chromium.launch({ executablePath: chromiumPath as string, args: ['--no-sandbox', '--disable-gpu'] })
}

/** Everything that a page complains of: nothing may be. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => {
    const isOfNetwork = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isOfNetwork) complaints.push(message.text())
  })
  page.on('request', request => {
    const { protocol, hostname } = new URL(request.url())
    if (/^https?:$/.test(protocol) && hostname !== '127.0.0.1') complaints.push(`a request to ${hostname}`)
  })
  return complaints
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds in a page, in its words. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    ).axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
  })
}
