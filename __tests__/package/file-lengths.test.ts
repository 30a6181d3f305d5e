/** A file holds one idea. One of more than 400 lines says in its first comment why it is not two. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const LIMIT = 400
const CODE = /\.(?:[cm]?[jt]sx?|py|css|sh)$/
/** What is installed, built or generated, hidden folders among it, and data of the reference. */
const LEFT_OUT =
  /^(?:node_modules|dist|models|components\/assembled|components\/backends\/onnx\/generated|__tests__\/goldens)$|(?:^|\/)\.(?!vitepress$)|^docs\/\.vitepress\/(?:cache|dist)$/
/** The words that begin the reason. */
const REASON = 'file is long because'

/** The files below a folder, by their paths from the root. */
function codeFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder ? `${folder}/${entry.name}` : entry.name
    if (LEFT_OUT.test(path)) return []
    if (entry.isDirectory()) return codeFiles(path)
    return entry.isFile() && CODE.test(path) ? [path] : []
  })
}

test('no file is longer than 400 lines without a reason', () => {
  const files = codeFiles()
  expect(files).toEqual(expect.arrayContaining(['src/pipeline/modular-pipeline.ts', 'studio/styles/graph.css']))
  const long = files.filter(file => {
    const text = readFileSync(join(root, file), 'utf8')
    const [comment = ''] = /^(?:\/\*.*?\*\/|""".*?""")/s.exec(text) ?? []
    return text.split('\n').length - 1 > LIMIT && !comment.includes(REASON)
  })
  expect(long).toEqual([])
})
