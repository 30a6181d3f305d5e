/** `tesserae generate --quantization`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Image } from '../../components'
import { runCli } from './run-cli'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-quantization-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const generate = (name: string, ...options: string[]) => {
  const settings = ['--steps', '1', '--seed', '1', '--provider', 'cpu', '--threads', '1', '--out', join(folder, name)]
  return runCli(['generate', 'red apple', ...settings, ...options], { cwd: folder })
}

test('a picture in 8 bits is near the one in float32, and not the same', async () => {
  expect((await generate('float.png')).code).toBe(0)
  expect((await generate('int8.png', '--quantization', 'int8')).code).toBe(0)
  const [{ data: a }, { data: b }] = [
    await Image.load(join(folder, 'float.png')),
    await Image.load(join(folder, 'int8.png')),
  ]
  const difference = a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] as number)), 0) / a.length
  expect(difference).toBeGreaterThan(0)
  expect(difference).toBeLessThan(3)
}, 120_000)

test('what cannot be computed in 8 bits is refused', async () => {
  const { code, stderr } = await runCli(
    ['generate', 'red apple', '--executor', 'eager', '--backend', 'cpu', '--quantization', 'int8', '--out', 'a.png'],
    { cwd: folder },
  )
  expect(code).toBe(1)
  expect(stderr).toContain('"int8" cannot be computed on cpu')
}, 120_000)
