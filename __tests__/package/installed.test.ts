/** The package as somebody has it who installs nothing else: drawing works, and what needs another package says which. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const root = join(__dirname, '..', '..')
const folder = useTemporaryFolder()

interface LockedPackage {
  dev?: boolean
  devOptional?: boolean
  peer?: boolean
}

/** Names of the packages that npm installs with this one. */
function installedNames(): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  return Object.entries(packages).flatMap(([path, { dev, devOptional, peer }]) => {
    const isTop = path.startsWith('node_modules/') && !path.slice(1).includes('node_modules/')
    return isTop && !dev && !devOptional && !peer ? [path.slice('node_modules/'.length)] : []
  })
}

const optional = ['bullmq', 'ioredis', 'aws4fetch', 'libsql', 'webgpu', '@tensorflow/tfjs-backend-webgpu']

test('optional packages are not installed with this one', () => {
  const names = installedNames()
  expect(names).toContain('fastify')
  expect(names.filter(name => optional.includes(name))).toEqual([])
})

test('without them, generate draws, and serve says what to install', () => {
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder()]
  const packed = execFileSync('npm', packing, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }]
  const modules = join(folder(), 'node_modules')
  const own = join(modules, 'tesserae')
  mkdirSync(own, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder(), filename), '-C', own, '--strip-components=1'])
  for (const name of installedNames()) {
    // Those of other systems are not there.
    if (!existsSync(join(root, 'node_modules', name))) continue
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
  const run = (...args: string[]) => {
    const env = { ...process.env, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
    return spawnSync(process.execPath, [join(own, 'bin', 'tesserae.cjs'), ...args], {
      cwd: folder(),
      env,
      encoding: 'utf8',
    })
  }
  const drawn = run('generate', 'red apple', '--steps', '1', '--seed', '1', '--out', 'apple.png')
  expect({ status: drawn.status, stderr: drawn.stderr }).toMatchObject({ status: 0 })
  expect(existsSync(join(folder(), 'apple.png'))).toBe(true)

  const onRedis = run('serve', '--redis', 'redis://127.0.0.1:1', '--results', 'pictures')
  expect([onRedis.status, onRedis.stderr]).toEqual([1, expect.stringContaining('npm install bullmq ioredis')])
  const working = run('worker', '--redis', 'redis://127.0.0.1:1', '--results', 'pictures')
  expect([working.status, working.stderr]).toEqual([1, expect.stringContaining('npm install bullmq ioredis')])
  const inBucket = run('serve', '--results', 's3://bucket/prefix')
  expect([inBucket.status, inBucket.stderr]).toEqual([1, expect.stringContaining('npm install aws4fetch')])

  const code =
    "const { createServer, EmbeddedQueue } = require('tesserae/server'); console.log(typeof createServer, new EmbeddedQueue().leaseDuration)"
  const loaded = spawnSync(process.execPath, ['-e', code], { cwd: folder(), encoding: 'utf8' })
  expect(loaded.stdout.trim()).toBe('function 30000')
})
