import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(__dirname, '..')

/** Says which modules are not what their source makes. */
const compare = `
const { readFileSync } = await import('node:fs')
const { assemble, moduleNames } = await import('./assembly/assemble.mjs')
const stale = []
for (const name of moduleNames()) {
  if (await assemble(name) !== readFileSync('components/assembled/' + name + '.ts', 'utf8')) stale.push(name)
}
console.log(JSON.stringify({ count: moduleNames().length, stale }))`

test('the assembled modules are what their sources make: otherwise run `npm run assemble`', () => {
  const answer = execFileSync(process.execPath, ['--input-type=module', '--eval', compare], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(JSON.parse(answer)).toEqual({ count: expect.any(Number), stale: [] })
  expect(JSON.parse(answer).count).toBeGreaterThan(0)
})
