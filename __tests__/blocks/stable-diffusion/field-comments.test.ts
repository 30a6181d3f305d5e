/** An editor shows the comment on a field, and the documentation of a pipeline its description: both say the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StableDiffusionTextToImageBlocks } from '../../../index'

const folder = join(__dirname, '..', '..', '..', 'blocks')
const code = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(file => readFileSync(join(file.parentPath, file.name), 'utf8'))
  .join('\n')

test.each(new StableDiffusionTextToImageBlocks().inputs.map(({ name, description }) => [name, description]))(
  'the comment on the field of the input %s is its description',
  (_, description) => {
    expect(description).not.toBe('')
    expect(code).toContain(`  /** ${description} */\n  @Input(`)
  },
)
