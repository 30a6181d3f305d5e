/** The files of `deploy/` fit the command line: each option is one of the command's, with a value that it takes. */
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Command } from 'commander'
import { parse } from 'yaml'
import { addServingCommands } from '../../cli/serving-commands'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const root = join(__dirname, '..', '..')
const read = (name: string) => readFileSync(join(root, 'deploy', name), 'utf8')

/** Parses arguments as the program does, and returns the options. */
function optionsOf(args: readonly string[]): Record<string, unknown> {
  const program = new Command()
  addServingCommands(program)
  const [name, ...others] = args
  const command = program.commands.find(each => each.name() === name)
  if (command === undefined) throw new Error(`there is no command "${name}"`)
  const { operands, unknown } = command.exitOverride().parseOptions(others)
  expect({ operands, unknown }).toEqual({ operands: [], unknown: [] })
  for (const option of command.options) {
    if (option.mandatory) expect(command.opts()).toHaveProperty(option.attributeName())
  }
  return command.opts()
}

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  command: string[]
  volumes: string[]
  healthcheck?: { test: string[] }
  depends_on?: Record<string, unknown>
  secrets?: string[]
  ports?: string[]
}

describe('docker-compose.yml', () => {
  const { services, volumes, secrets } = parse(read('docker-compose.yml')) as {
    services: Record<string, Service>
    volumes: Record<string, unknown>
    secrets: Record<string, { file: string }>
  }
  const { server, worker, valkey } = services as Record<'server' | 'worker' | 'valkey', Service>

  test('starts the server and the worker with options that they have, for the same queue and pictures', () => {
    const [ofServer, ofWorker] = [optionsOf(server.command), optionsOf(worker.command)]
    for (const options of [ofServer, ofWorker]) {
      expect(options).toMatchObject({ redis: 'redis://valkey:6379', results: '/pictures', keep: 86_400_000 })
    }
    expect(ofServer).toMatchObject({ host: '0.0.0.0', port: 7860, apiKeyFile: '/run/secrets/api-keys' })
    expect(server.ports).toEqual(['127.0.0.1:7860:7860'])
  })

  test('names volumes, secrets and services that it has', () => {
    for (const service of Object.values(services)) {
      for (const volume of service.volumes) {
        const [name = ''] = volume.split(':')
        if (!name.startsWith('.')) expect(Object.keys(volumes)).toContain(name)
      }
      for (const secret of service.secrets ?? []) expect(Object.keys(secrets)).toContain(secret)
      for (const other of Object.keys(service.depends_on ?? {})) expect(Object.keys(services)).toContain(other)
    }
    expect(server.build).toEqual({ context: '..', dockerfile: 'deploy/Dockerfile' })
    expect(existsSync(join(root, 'deploy', server.build?.context ?? '', server.build?.dockerfile ?? ''))).toBe(true)
  })

  test('keeps jobs as docs/operate/workers.md says', () => {
    const settings = readFileSync(join(root, 'docs', 'operate', 'workers.md'), 'utf8')
    const command = valkey.command.join(' ')
    for (const setting of ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction']) {
      expect(settings).toContain(setting)
      expect(command).toContain(`--${setting}`)
    }
  })

  test('asks the server whether it is ready by code that runs', async () => {
    const [, program = '', flag = '', code = ''] = server.healthcheck?.test ?? []
    expect([program, flag]).toEqual(['node', '-e'])
    let status = 200
    const asked = createServer((_, answer) => answer.writeHead(status).end()).listen(0, '127.0.0.1')
    await once(asked, 'listening')
    const { port } = asked.address() as AddressInfo
    const ask = () =>
      new Promise(resolve =>
        execFile(process.execPath, [flag, code.replace('7860', String(port))], error => resolve(error?.code ?? 0)),
      )
    expect(await ask()).toBe(0)
    status = 503
    expect(await ask()).toBe(1)
    asked.close()
    // Nobody answers now.
    expect(await ask()).toBe(1)
  })
})

describe('Dockerfile', () => {
  test('installs the versions of the optional packages that the tests run with', () => {
    const { devDependencies, peerDependencies, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const installed = [...read('Dockerfile').matchAll(/ (\w+)@(\d+\.\d+\.\d+)/g)].map(([, ...match]) => match)
    expect(installed.map(([name]) => name)).toEqual(['bullmq', 'ioredis', 'aws4fetch'])
    for (const [name = '', version] of installed) {
      expect(devDependencies[name]).toBe(version)
      expect(peerDependencies).toHaveProperty(name)
    }
    expect(read('Dockerfile')).toContain(`node_modules/.bin/${Object.keys(bin)[0]}"`)
  })
})

const units = readdirSync(join(root, 'deploy')).filter(name => name.endsWith('.service'))
/** What stands for the variables of a unit. */
const values: Readonly<Record<string, string>> = {
  STATE_DIRECTORY: '/var/lib/tesserae',
  REDIS_URL: 'redis://queue:6379',
  RESULTS: 's3://bucket/prefix',
}

describe.each(units)('%s', name => {
  const [, program, line = ''] = /^ExecStart=(\S+) (.*)$/m.exec(read(name)) ?? []

  test('starts the program with options that it has', () => {
    expect(program).toBe('/usr/bin/tesserae')
    const args = line.split(' ').map(arg => arg.replace(/\$\{(\w+)\}/g, (_, key) => values[key] as string))
    const options = optionsOf(args)
    expect(options).toMatchObject({ keep: 86_400_000, memoryLimit: 4e9 })
    expect(JSON.stringify(options)).not.toContain('undefined')
  })

  test('sets variables that the hub reads', () => {
    const settings = readFileSync(join(root, 'components', 'hub', 'hub-settings.ts'), 'utf8')
    for (const [, variable = ''] of read(name).matchAll(/^Environment=(\w+)=/gm)) expect(settings).toContain(variable)
  })

  const isThere = spawnSync('systemd-analyze', ['--version']).status === 0
  ;(isThere ? test : test.skip)('is a unit that systemd takes', () => {
    // The program is not installed here.
    const file = join(folder(), name.replace('@', '@1'))
    writeFileSync(file, read(name).replace(program as string, process.execPath))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    expect(stderr.split('\n').filter(text => text.includes(name.slice(0, 8)))).toEqual([])
    expect(status).toBe(0)
  })
})
