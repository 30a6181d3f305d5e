/**
 * Adds to package-lock.json the optional packages for other platforms that the registry in use does not hold. npm leaves them out of the
 * lockfile, and `npm ci` then refuses it. Run it after `npm install` if `npm ci` says "Missing: … from lock file".
 */
const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const file = join(__dirname, '..', 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = {
  arm64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  loong64: 'loong64',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
}

for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const place = `node_modules/${name}`
    const os = systems.find(system => name.includes(`-${system}`))
    const cpu = Object.keys(processors).find(processor => new RegExp(`-${processor}\\b`).test(name))
    // Only packages that are for one platform, by their name.
    if (lock.packages[place] || os === undefined || cpu === undefined) continue
    const libc = /musl/.test(name) ? { libc: ['musl'] } : os === 'linux' ? { libc: ['glibc'] } : {}
    lock.packages[place] = { version, cpu: [processors[cpu]], dev: true, ...libc, optional: true, os: [os] }
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
