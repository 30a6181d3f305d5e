/** Makes the pictures of `docs/operate/studio.md`: starts a server with the bundled model, draws in Chromium, and takes screenshots. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import sharp from 'sharp'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const executablePath = process.env.TESSERAE_CHROMIUM ?? '/usr/bin/chromium'

const server = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'serve', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  const [line] = await once(server.stdout, 'data')
  const page = await browser.newPage({ viewport: { width: 1280, height: 1100 }, colorScheme: 'light' })
  await page.goto(String(line).trim())
  const draw = async (prompt, seed, steps = 25) => {
    await page.getByRole('textbox', { name: /^Prompt/ }).fill(prompt)
    await page.getByRole('spinbutton', { name: 'Num inference steps' }).fill(String(steps))
    await page.getByRole('spinbutton', { name: 'Guidance scale' }).fill('4')
    await page.getByRole('textbox', { name: 'Seed' }).fill(seed)
    await page.getByRole('button', { name: 'Draw', exact: true }).click()
    await page
      .getByRole('region', { name: 'Result' })
      .getByText('Finished', { exact: true })
      .waitFor({ timeout: 120_000 })
  }
  for (const [prompt, seed] of [
    ['red apple', '1'],
    ['green car', '2'],
    ['purple cat', '3'],
  ]) {
    await draw(prompt, seed)
  }
  await page.locator('g[data-path$="update\\"]"]').first().focus()
  await page.keyboard.press('Enter')
  await page
    .getByRole('img', { name: /^Histogram/ })
    .first()
    .waitFor()
  await save(page, 'studio.png')
  await page.emulateMedia({ colorScheme: 'dark' })
  await save(page, 'studio-dark.png')
} finally {
  await browser.close()
  server.kill('SIGTERM')
}

/** With few colours the files are small. */
async function save(page, name) {
  const file = join(root, 'docs', 'images', name)
  await sharp(await page.screenshot({ fullPage: true }))
    .png({ palette: true, colours: 64 })
    .toFile(file)
  process.stdout.write(`${file}\n`)
}
