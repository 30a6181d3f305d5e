import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useHubEnvironment } from '../components/hub/hub-environment'
import { closedAddress, useHubServer } from '../components/hub/hub-server'
import { emojiFiles } from '../components/hub/model-repositories'
import { type ProgramOptions, runCli } from './run-cli'

const folder = useTemporaryFolder()
const server = useHubServer()
useHubEnvironment(folder)

const TOKEN = 'hf_averysecrettoken'
const generate = (args: readonly string[], options: Partial<ProgramOptions> = {}) =>
  runCli(['generate', 'pizza', '--model', 'org/emoji', '--steps', '1', '--size', '16', '--out', 'p.png', ...args], {
    cwd: folder(),
    env: { HF_HOME: folder(), HF_ENDPOINT: server().endpoint, HF_TOKEN: TOKEN },
    ...options,
  })

beforeEach(() => {
  server().tokens.add(TOKEN)
})

describe('tesserae generate --model org/name', () => {
  test('fetches what it needs, at a revision, and then works offline', async () => {
    server().commit('org/emoji', await emojiFiles(), { branch: 'v1' })
    const { code, stderr, stdout } = await generate(['--revision', 'v1', '--json'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ model: 'org/emoji' })
    expect(server().seen(/README|reference/)).toEqual([])
    const before = server().requests.length
    const offline = await generate(['--revision', 'v1', '--offline', '--scheduler', 'euler'])
    expect(offline.code).toBe(0)
    expect(server().requests).toHaveLength(before)
  })

  test('says what is wrong, and never the token', async () => {
    const missing = await generate([])
    expect(missing.code).toBe(1)
    expect(missing.stderr).toMatch(
      /^tesserae: org\/emoji: there is no folder of that name here, and no such repository/,
    )
    const offline = await generate(['--offline'])
    expect(offline.stderr).toMatch(/^tesserae: org\/emoji: .*network requests are turned off/)
    const endpoint = await closedAddress()
    const env = { HF_HOME: folder(), HF_ENDPOINT: endpoint, HF_TOKEN: TOKEN, TESSERAE_DEBUG: '1' }
    const unreachable = await generate([], { env })
    expect(unreachable.stderr).toMatch(/^tesserae: org\/emoji: there is no folder .* cannot be reached: .*ECONNREFUSED/)
    const all = [missing, offline, unreachable].map(({ stdout, stderr }) => stdout + stderr).join()
    expect(all).not.toContain(TOKEN)
  })

  test('says that a folder has no revisions', async () => {
    const { code, stderr } = await generate(['--model', folder(), '--revision', 'v1'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/is on this machine and has no revisions/)
  })

  test('takes components of another repository from its own main branch', async () => {
    const { 'model_index.json': text, ...files } = await emojiFiles()
    server().commit('org/parts', files)
    const index = Object.entries(JSON.parse(String(text)) as Record<string, unknown>).map(([name, entry]) => {
      if (!Array.isArray(entry) || entry[0] === null) return [name, entry]
      const place = { pretrained_model_name_or_path: 'org/parts', subfolder: name, variant: null, revision: null }
      return [name, [...entry, { ...place, type_hint: entry }]]
    })
    server().commit(
      'org/emoji',
      { 'modular_model_index.json': JSON.stringify(Object.fromEntries(index)) },
      { branch: 'v1' },
    )
    const { code, stderr } = await generate(['--revision', 'v1', '--scheduler', 'euler', '--json'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  test('can be interrupted, and continues the next time', async () => {
    server().commit('org/emoji', await emojiFiles())
    const blobFolder = () => join(folder(), 'hub', 'models--org--emoji', 'blobs')
    const blobs = () => readdir(blobFolder())
    let interrupt: () => void = () => undefined
    server().send = (content, response) => {
      if (content.length < 500_000) return void response.end(content)
      response.write(content.subarray(0, 100_000))
      const whenItHasArrived = setInterval(async () => {
        const [partial] = (await blobs()).filter(name => name.endsWith('.incomplete'))
        if (partial === undefined || (await stat(join(blobFolder(), partial))).size < 100_000) return
        clearInterval(whenItHasArrived)
        interrupt()
      }, 20)
    }
    const cancelled = await generate([], {
      onStart: kill => {
        interrupt = () => kill('SIGINT')
      },
    })
    expect(cancelled).toMatchObject({ code: 130, stderr: 'Cancelled.\n' })
    expect((await blobs()).filter(name => name.endsWith('.incomplete'))).toHaveLength(1)
    server().send = (content, response) => void response.end(content)
    expect((await generate([])).code).toBe(0)
    expect(server().requests.some(({ headers }) => headers.range === 'bytes=100000-')).toBe(true)
    expect((await blobs()).filter(name => name.endsWith('.incomplete'))).toEqual([])
  })
})
