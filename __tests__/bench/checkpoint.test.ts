/** Checkpoints of random weights that benchmarks make need no file from outside. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { CLIPTokenizer } from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { describeWithPython, runPython } from '../python'

const folder = useTemporaryFolder()

describeWithPython('a checkpoint of random weights', () => {
  test("has a tokenizer of CLIP's size, which both sides read alike", async () => {
    const script = join(__dirname, '..', '..', 'bench', 'peers', 'make_checkpoint.py')
    execFileSync(String(process.env['TESSERAE_PYTHON']), [script, folder(), '--size', 'tiny'], { stdio: 'ignore' })
    const texts = ['red apple', 'A photo of a cat, 4k — 🍎']
    const [size, ids] = await runPython<[number, number[][]]>(
      `import json, sys
from transformers import CLIPTokenizer
tokenizer = CLIPTokenizer.from_pretrained(sys.argv[1])
print(json.dumps([len(tokenizer), tokenizer(sys.argv[2:]).input_ids]))`,
      [join(folder(), 'tokenizer'), ...texts],
    )
    expect(size).toBe(49408)
    const tokenizer = await CLIPTokenizer.fromPretrained(folder(), { subfolder: 'tokenizer' })
    expect(tokenizer.encode(texts).inputIds).toEqual(ids)
  })
})
