import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseBlockName } from '../../cli/block-name'
import { ModularPipelineBlocks, UntrustedCodeError } from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { runCli } from './run-cli'

const folder = useTemporaryFolder()
const root = join(__dirname, '..', '..')

/** What `npm install` would bring: this package, and its tools. */
async function install(project: string): Promise<void> {
  const modules = join(project, 'node_modules')
  await mkdir(join(modules, '.bin'), { recursive: true })
  await symlink(root, join(modules, 'tesserae'))
  for (const name of ['@types', 'jest', 'ts-jest', 'typescript']) {
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  await symlink('../typescript/bin/tsc', join(modules, '.bin', 'tsc'))
  await symlink('../jest/bin/jest.js', join(modules, '.bin', 'jest'))
}

describe('tesserae create block', () => {
  test('writes a block that passes its own test, and that others can load once they trust it', async () => {
    const { code, stdout } = await runCli(['create', 'block', 'soft-focus'], { cwd: folder() })
    expect(code).toBe(0)
    const project = join(folder(), 'soft-focus')
    expect(stdout).toContain(project)
    expect((await readdir(project)).sort()).toEqual([
      '.gitignore',
      'README.md',
      'block.test.ts',
      'block.ts',
      'modular_config.json',
      'package.json',
      'tsconfig.json',
    ])
    for (const file of await readdir(project))
      expect(await readFile(join(project, file), 'utf8')).not.toMatch(/my-?block/i)
    const { version, devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    expect(JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))).toMatchObject({
      name: 'soft-focus',
      peerDependencies: { tesserae: `^${version}` },
      devDependencies: { jest: `^${devDependencies.jest}`, typescript: `^${devDependencies.typescript}` },
    })

    await install(project)
    const { stderr } = await promisify(execFile)('npm', ['test'], { cwd: project })
    expect(stderr).toMatch(/Tests: +5 passed, 5 total/)

    const refused: unknown = await ModularPipelineBlocks.fromPretrained(project).catch(error => error)
    if (!(refused instanceof UntrustedCodeError)) throw refused
    const trust = { trustRemoteCode: true, revision: refused.refused.revision }
    const blocks = await ModularPipelineBlocks.fromPretrained(project, trust)
    expect(await blocks.initPipeline()({ prompt: 'a fox' }, { output: 'prompt' })).toBe('a fox, watercolour')

    const unseen = await runCli(['describe', 'soft-focus'], { cwd: folder() })
    expect(unseen).toMatchObject({ code: 1, stdout: '' })
    expect(unseen.stderr).toContain(`--trust-remote-code --revision ${trust.revision}`)
    const args = ['describe', 'soft-focus', '--trust-remote-code', '--revision', trust.revision]
    expect((await runCli(args, { cwd: folder() })).stdout).toContain('Adds a style to the prompt.')

    // Its own test sees requirements that modular_config.json does not name.
    const source = join(project, 'block.ts')
    await writeFile(source, (await readFile(source, 'utf8')).replace('// requirements:', 'requirements:'))
    const failed = await promisify(execFile)('npm', ['test'], { cwd: project }).catch(error => error)
    expect(failed.stderr).toMatch(/sharp[\s\S]*Tests: +1 failed, 4 passed/)
  })

  test('writes into the folder that is named, if there is nothing in it', async () => {
    const out = join(folder(), 'a b', 'c')
    expect(await runCli(['create', 'block', 'Blur', '--out', out], { cwd: folder() })).toMatchObject({ code: 0 })
    expect(await readFile(join(out, 'block.ts'), 'utf8')).toContain('class Blur extends')
    const again = await runCli(['create', 'block', 'Blur', '--out', out], { cwd: folder() })
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('the folder is not empty. Name a new folder: --out FOLDER.')
  })

  test('refuses a file in the place of the folder, and a name that is none', async () => {
    await writeFile(join(folder(), 'blur'), '')
    const taken = await runCli(['create', 'block', 'blur'], { cwd: folder() })
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('this is a file') })
    const wrong = await runCli(['create', 'block', '../blur'], { cwd: folder() })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('named by letters and digits') })
    expect(await readdir(folder())).toEqual(['blur'])
  })
})

describe('the name of a block', () => {
  test.each(['soft-focus', 'SoftFocus', 'soft focus', 'soft_focus', 'softFocus'])('may be spelt %s', text => {
    expect(parseBlockName(text)).toEqual({ packageName: 'soft-focus', className: 'SoftFocus', fieldName: 'softFocus' })
  })

  test.each(['', '-', '3d', 'äpfel', 'a/b', 'a.b', '@org/a', 'block', 'input', 'promise', 'error'])(
    'may not be %j',
    text => {
      expect(() => parseBlockName(text)).toThrow(/named by|name of something else/)
    },
  )
})
