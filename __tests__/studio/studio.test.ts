/** The studio in a browser: one server, one page, the bundled model. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { Image, type ModularPipeline, StableDiffusionAutoBlocks, tf } from '../../index'
import { createServer, createWorker, EmbeddedQueue, FolderStore, type TesseraeServer, type Worker } from '../../server'
import { emojiFolder } from '../blocks/use-emoji-model'
import { accessibilityFaults, chromiumPath, complaintsOf, describeInChromium, startChromium } from './chromium'

const files = join(__dirname, '..', '..', 'dist', 'studio')

let pipe: ModularPipeline<StableDiffusionAutoBlocks>
let server: TesseraeServer
let worker: Worker
let browser: Browser
let page: Page
let address: string
let complaints: string[]
const queue = new EmbeddedQueue()
const folder = mkdtempSync(join(tmpdir(), 'tesserae-studio-'))
const results = new FolderStore(folder)

const open = (options: { apiKeys?: string[] } = {}) =>
  createServer({ pipelines: { emoji: pipe }, queue, results, limits: { maxSteps: 1000 }, ...options })

beforeAll(async () => {
  if (chromiumPath === undefined) return
  if (!existsSync(join(files, 'index.html'))) throw new Error('The studio is not built: run "npm run build".')
  pipe = new StableDiffusionAutoBlocks().initPipeline(emojiFolder)
  const loaded = pipe.loadComponents({ executor: 'graph' })
  ;[browser] = await Promise.all([startChromium(), loaded])
  worker = createWorker({ queue, results, pipelines: { emoji: pipe }, isolate: false })
  server = open()
  address = await server.listen({ port: 0 })
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
  page.setDefaultTimeout(60_000)
  complaints = complaintsOf(page)
  await page.goto(address)
})
afterAll(async () => {
  await browser?.close()
  await worker?.close()
  await server?.close()
  await queue.close()
  pipe?.dispose()
  rmSync(folder, { recursive: true, force: true })
})

const field = (name: string | RegExp) => page.getByRole('textbox', { name })
const button = (name: string) => page.getByRole('button', { name, exact: true })
const stage = () => page.getByRole('region', { name: 'Result' })

/** Fills in the form and draws. */
async function draw(prompt: string, steps: number): Promise<void> {
  await field(/^Prompt/).fill(prompt)
  await page.getByRole('spinbutton', { name: 'Num inference steps' }).fill(String(steps))
  await button('Draw').click()
}

/** Pastes a picture of 32 × 32 pixels. */
const PASTE = `(async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 32 })
  const file = new File([await new Promise(resolve => canvas.toBlob(resolve))], 'a.png', { type: 'image/png' })
  const clipboardData = new DataTransfer()
  clipboardData.items.add(file)
  document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
})()`

test('the files of the studio are small', () => {
  const names = existsSync(files) ? readdirSync(files) : []
  const size = names.reduce((sum, name) => sum + gzipSync(readFileSync(join(files, name))).length, 0)
  expect(size).toBeGreaterThan(0)
  expect(size).toBeLessThan(250_000)
})

describeInChromium('the studio', () => {
  test('draws with previews, marks the blocks, and shows the values of one', async () => {
    const tensors = tf.memory().numTensors
    await page.getByRole('spinbutton', { name: /^Preview/ }).fill('2')
    await field('Seed').fill('5')
    // Previews are soon over: a request for the picture shows that it was displayed.
    const preview = page.waitForRequest(/\/pictures\/previews\/4-0\.png$/)
    await draw('red apple', 8)
    await preview
    await stage().getByText('Finished', { exact: true }).waitFor()
    const picture = stage().getByAltText('red apple, picture 1')
    await picture.waitFor()
    const width = await picture.evaluate(async image => {
      const { decode } = image as unknown as { decode(): Promise<void> }
      await decode.call(image)
      return (image as unknown as { naturalWidth: number }).naturalWidth
    })
    expect(width).toBe(64)
    await page.getByRole('region', { name: 'Gallery' }).getByAltText('red apple, picture 1').waitFor()

    const loop = page.locator('g[data-path$="denoise\\"]"].is-done').first()
    await loop.waitFor()
    expect(await loop.getAttribute('aria-description')).toMatch(/done, 8 of 8 · .*(?:ms|s) · .*[MG]B/)
    const inner = page.locator('g[data-path$="update\\"]"]').first()
    await inner.focus()
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const values = page.locator('section.values')
    await values.getByRole('img', { name: /^Histogram of latents/ }).waitFor()
    // The first step, the previews' steps and the last.
    expect(await values.getByRole('slider').getAttribute('max')).toBe('4')
    expect(await values.locator('canvas').count()).toBeGreaterThan(0)
    expect(tf.memory().numTensors).toBe(tensors)
  })

  test('shows what is wrong with a field at the field, and what failed at the block', async () => {
    const steps = page.getByRole('spinbutton', { name: 'Num inference steps' })
    await steps.fill('1001')
    await button('Draw').click()
    await page.getByRole('alert').getByText('1001 steps are more than the limit of 1000.').waitFor()
    expect(await steps.getAttribute('aria-invalid')).toBe('true')
    await steps.fill('4')
    expect(await steps.getAttribute('aria-invalid')).toBe('false')

    await page.getByText('More settings').click()
    await field('Timesteps').fill('[5, 900]')
    await button('Draw').click()
    await stage().getByText('Failed', { exact: true }).waitFor()
    await page.locator('g.is-failed').first().waitFor()
    await page.locator('section.values .problem').waitFor()
    await field('Timesteps').fill('')
    await page.getByText('More settings').click()
  })

  test('draws with a scheduler and a guider of its own, and compares', async () => {
    await page.getByRole('combobox', { name: 'Scheduler' }).selectOption('euler')
    await page.getByText('Settings of EulerDiscreteScheduler').click()
    await page.getByRole('combobox', { name: 'Timestep spacing' }).selectOption('"trailing"')
    await page.getByRole('combobox', { name: 'Guider' }).selectOption('apg')
    await draw('red apple', 4)
    await stage().getByText('Finished', { exact: true }).waitFor()
    await stage().getByText('Settings', { exact: true }).click()
    await stage().getByText('euler {"timestepSpacing":"trailing"}').waitFor()
    await page.getByRole('combobox', { name: 'Scheduler' }).selectOption('')
    await page.getByRole('combobox', { name: 'Guider' }).selectOption('')

    const compared = page.getByRole('checkbox', { name: /^Compare/ })
    await compared.nth(0).check()
    await compared.nth(1).check()
    const dialog = page.getByRole('dialog', { name: 'Compare' })
    await dialog.getByRole('rowheader', { name: 'Scheduler' }).waitFor()
    expect(await dialog.getByRole('img').count()).toBe(2)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await dialog.waitFor({ state: 'detached' })
  })

  test('continues watching after a reload and after the server was gone, and cancels', async () => {
    await draw('green car', 500)
    const step = stage().getByText(/Drawing, step \d+ of 500/)
    await step.waitFor()
    await page.reload()
    await step.waitFor()
    expect(await field(/^Prompt/).inputValue()).toBe('green car')

    await server.close()
    await page.getByText('The server is away').waitFor()
    server = open()
    await server.listen({ port: Number(new URL(address).port) })
    await page.getByText('Connected').waitFor()
    await step.waitFor()
    await button('Cancel').click()
    await stage().getByText('Cancelled', { exact: true }).waitFor()

    await server.close()
    await button('Again with another seed').click()
    await stage().getByRole('alert').getByText('The server does not answer.').waitFor()
    server = open()
    await server.listen({ port: Number(new URL(address).port) })
    await page.getByText('Connected').waitFor()
    expect(await button('Draw').isEnabled()).toBe(true)
  })

  test('paints a mask, by pointer and by keys, and draws what it covers', async () => {
    await page.evaluate(PASTE)
    await page.getByAltText('The image').waitFor()
    // A workflow that takes a picture was chosen.
    expect(await page.getByRole('combobox', { name: 'Workflow' }).inputValue()).toBe('image2image')
    await page.getByRole('combobox', { name: 'Workflow' }).selectOption('inpainting')
    const data = new Uint8Array(64 * 64 * 3).fill(200)
    const buffer = await new Image({ width: 64, height: 64, channels: 3, data }).toPng()
    await page.getByLabel('File of the image').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer })
    const canvas = page.getByRole('application', { name: /^Mask/ })
    await page.waitForFunction(
      () =>
        (globalThis as unknown as { document: { querySelector(s: string): { width: number } } }).document.querySelector(
          '.easel canvas',
        ).width === 64,
    )
    const { x, y, width, height } = (await canvas.boundingBox()) ?? fail('the canvas is not shown')
    await page.mouse.move(x + width * 0.25, y + height * 0.25)
    await page.mouse.down()
    await page.mouse.move(x + width * 0.75, y + height * 0.25, { steps: 4 })
    await page.mouse.up()
    await canvas.focus()
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')

    await draw('red apple', 4)
    await stage().getByText('Finished', { exact: true }).waitFor()
    const kept = await page.evaluate("localStorage.getItem('tesserae.jobs')")
    const [id = ''] = JSON.parse(String(kept)) as string[]
    const job = (await queue.get(id)) ?? fail('there is no such job')
    const { maskImage } = job.inputs as { maskImage: string }
    const mask = await Image.load(Buffer.from(maskImage.replace(/^data:[^,]+,/, ''), 'base64'))
    const at = (column: number, row: number) => mask.data[(row * mask.width + column) * mask.channels]
    expect([mask.width, mask.height]).toEqual([64, 64])
    expect([at(32, 16), at(20, 16), at(32, 51), at(5, 60)]).toEqual([255, 255, 255, 0])
  })

  test('needs no second press at 400 pixels, and axe-core finds nothing, light or dark', async () => {
    await page.locator('g[data-path]').first().waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await accessibilityFaults(page)).toEqual([])
    }
    await page.setViewportSize({ width: 400, height: 800 })
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = (
        globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } }
      ).document.documentElement
      return scrollWidth - clientWidth
    })
    expect(overflow).toBe(0)
    expect(await accessibilityFaults(page)).toEqual([])
    await button('Draw').click()
    await stage()
      .getByText(/Waiting|Drawing|Finished/)
      .first()
      .waitFor()
    await page.setViewportSize({ width: 1280, height: 900 })
  })

  test('asks for a key where the server does, and shows pictures with it', async () => {
    const key = 'a-key-of-the-studio-1'
    const locked = open({ apiKeys: [key] })
    const context = await browser.newContext()
    try {
      const other = await context.newPage()
      const ofOther = complaintsOf(other)
      await other.goto(await locked.listen({ port: 0 }))
      await other.getByLabel('API key').fill(key)
      await other.getByRole('button', { name: 'Use key' }).click()
      await other.getByRole('textbox', { name: /^Prompt/ }).fill('blue apple')
      await other.getByRole('spinbutton', { name: 'Num inference steps' }).fill('2')
      await other.getByRole('button', { name: 'Draw', exact: true }).click()
      const shown = other.getByRole('region', { name: 'Result' }).locator('img[src^="blob:"]')
      await shown.and(other.getByAltText('blue apple, picture 1')).waitFor()
      expect(ofOther).toEqual([])
    } finally {
      await context.close()
      await locked.close()
    }
  })

  test('breaks no rule of its own policy, and asks nobody else', () => {
    expect(complaints).toEqual([])
  })
})
