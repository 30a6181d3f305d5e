/** What `--help` prints: imperatives for commands, noun phrases or imperatives for options. */
import { tmpdir } from 'node:os'
import { runCli } from './run-cli'

async function help(...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([...command, '--help'], { cwd: tmpdir() })
  expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
  return stdout
}

/** The terms of a list of the help and their descriptions, each in one line. */
function entriesOf(text: string, heading: string): [term: string, description: string][] {
  const [, list = ''] = new RegExp(`^${heading}:\\n((?: .*\\n?)+)`, 'm').exec(text) ?? []
  return list
    .replace(/\n {8,}/g, ' ')
    .split('\n')
    .flatMap(line => {
      const [, term, description] = /^ {2}(\S.*?) {2,}(.*)$/.exec(line) ?? []
      return term !== undefined && description !== undefined ? [[term, description] as [string, string]] : []
    })
}

test('every command and option is described by a noun phrase or an imperative, in lines of 80 characters', async () => {
  const program = await help()
  const commands = entriesOf(program, 'Commands').map(([term]) => term.split(' ')[0] as string)
  expect(commands).toEqual(expect.arrayContaining(['generate', 'create', 'serve', 'worker', 'tour', 'doctor']))
  const ofCommands = await Promise.all(commands.filter(name => name !== 'help').map(name => help(name)))
  const pages = [program, ...ofCommands, await help('create', 'block')]

  const entries = pages.flatMap(page => ['Arguments', 'Options', 'Commands'].flatMap(list => entriesOf(page, list)))
  expect(entries.length).toBeGreaterThan(100)
  expect(entries.filter(([, description]) => /^(?:how|what|where|which|whether|the) /i.test(description))).toEqual([])
  // The examples are commands that are not wrapped.
  const lines = pages.flatMap(page => page.replace(/\nExamples:[\s\S]*/, '').split('\n'))
  expect(lines.filter(line => line.length > 80)).toEqual([])
})

test('the help of the program shows how to begin', async () => {
  const program = await help()
  expect(program).toContain('\n  tesserae generate "red apple" ')
  expect(program).toContain('\n  tesserae tour ')
})
