/** What the package carries of the bundled model is enough to draw the same pictures. */
import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { CLIPTokenizer } from '../index'
import { emojiFolder } from './blocks/use-emoji-model'
import { useTemporaryFolder } from './components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const root = join(__dirname, '..')

/** Paths of the files that `npm pack` takes. */
function packedFiles(): string[] {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const output = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }]
  return files.map(({ path }) => path)
}

test('the package carries each part of the model and its small adapters once, and nothing that only tests need', async () => {
  const model = packedFiles().filter(path => path.startsWith('models/emoji/'))
  expect(model.map(path => path.slice('models/emoji/'.length)).sort()).toEqual([
    'README.md',
    'adapters/README.md',
    'adapters/delft-lora.safetensors',
    'adapters/silver-embedding.safetensors',
    'model_index.json',
    'scheduler/scheduler_config.json',
    'text_encoder/config.json',
    'text_encoder/model.safetensors',
    'tokenizer/merges.txt',
    'tokenizer/special_tokens_map.json',
    'tokenizer/tokenizer_config.json',
    'tokenizer/vocab.json',
    'tokenizer/vocabulary.json',
    'unet/config.json',
    'unet/diffusion_pytorch_model.safetensors',
    'vae/config.json',
    'vae/diffusion_pytorch_model.safetensors',
  ])
  for (const path of model) cpSync(join(root, path), join(folder(), path), { recursive: true })
  const [packed, whole] = await Promise.all(
    [join(folder(), 'models', 'emoji'), emojiFolder].map(each =>
      CLIPTokenizer.fromPretrained(each, { subfolder: 'tokenizer' }),
    ),
  )
  const texts = [...(whole?.vocabulary?.names ?? []), '', 'A red aple! 🍎 <|endoftext|> x', 'りんご\n\tñ']
  expect(texts.length).toBeGreaterThan(500)
  expect(packed?.encode(texts)).toEqual(whole?.encode(texts))
  expect(packed?.padTokenId).toBe(whole?.padTokenId)
})
