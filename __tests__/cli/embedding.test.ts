/** `tesserae generate --embedding`: words that files of vectors teach the model. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEmbedding } from '../../cli/embedding-arguments'
import { Image } from '../../components'
import { runCli } from './run-cli'

const model = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-embedding-'))
  for (const name of ['toy', 'a1111_negative'])
    cpSync(join(model, 'textual_inversion', `${name}.safetensors`), join(folder, `${name}.safetensors`))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('an option is a file with or without a word', () => {
  expect(parseEmbedding('words/toy.safetensors')).toEqual([{ source: 'words/toy.safetensors', token: 'toy' }])
  expect(parseEmbedding('<t>=a=b.safetensors', [{ source: 'a', token: 'a' }])).toEqual([
    { source: 'a', token: 'a' },
    { source: 'a=b.safetensors', token: '<t>' },
  ])
  expect(parseEmbedding('dir/a=b.safetensors')).toEqual([{ source: 'dir/a=b.safetensors', token: 'a=b' }])
  for (const text of ['', '=toy.safetensors', '<t>=']) expect(() => parseEmbedding(text)).toThrow('It must be a file')
})

test('pictures show the words, and record them', async () => {
  const draw = (...args: string[]) =>
    runCli(['generate', ...args, '--model', model, '--seed', '1', '--steps', '2', '--size', '32'], { cwd: folder })
  const pixels = async (name: string) => (await Image.load(join(folder, name))).data
  const words = ['a <t>', '--negative', 'a1111_negative', '--guidance', '5']
  const embeddings = ['--embedding', '<t>=toy.safetensors', '--embedding', 'a1111_negative.safetensors']
  for (const args of [
    [...words, '--out', 'plain.png'],
    [...words, '--out', 'taught.png', ...embeddings],
  ]) {
    const { code, stderr } = await draw(...args)
    expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  }
  expect(await pixels('taught.png')).not.toEqual(await pixels('plain.png'))
  const { stdout } = await runCli(['inspect', 'taught.png'], { cwd: folder })
  expect(stdout).toMatch(/embeddings +<t>, a1111_negative\n/)
  const failed = await draw('cat', '--embedding', 'none.safetensors')
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('there is no such file or folder')])
})
