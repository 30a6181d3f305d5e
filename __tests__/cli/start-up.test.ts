/** The program loads components, blocks and the server when a command needs them, not before. */
import { execFile } from 'node:child_process'
import { join, relative, sep } from 'node:path'
import { promisify } from 'node:util'

const built = join(__dirname, '..', '..', 'dist')

test('no command loads a component, a block or the server before it is called', async () => {
  const script = `
    process.argv = [process.argv[0], ${JSON.stringify(join(built, 'cli', 'main.js'))}, '--version']
    process.on('exit', () => console.log(JSON.stringify(Object.keys(require.cache))))
    require(process.argv[1])`
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', script])
  const files = JSON.parse(stdout.trim().split('\n').at(-1) as string) as string[]
  const folders = new Set(files.filter(file => file.startsWith(built)).map(file => relative(built, file).split(sep)[0]))
  expect([...folders].sort()).toEqual(['cli', 'src'])
})
