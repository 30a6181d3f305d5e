/** Where the prompt of a command comes from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPrompt } from '../../cli/read-prompt'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-prompt-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  ['red\n  apple \n', 'red apple'],
  ['\uFEFFred\r\n\r\n \t\r\napple', 'red apple'],
  ['\n', ''],
  [`red${' '.repeat(2 ** 20 - 8)}apple`, `red${' '.repeat(2 ** 20 - 8)}apple`],
])('the lines of a file are one prompt, and white space of any length is read at once', async (text, prompt) => {
  const file = join(folder, 'prompt.txt')
  writeFileSync(file, text)
  expect(await readPrompt([], file)).toBe(prompt)
})
