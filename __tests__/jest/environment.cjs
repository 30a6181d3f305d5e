/**
 * Runs test files in the process's own context. Jest makes a context of `node:vm` for each file. There, every use of a
 * global calls an interceptor, which makes computing in plain JavaScript several times slower. Functions would also
 * have to be compiled again for each file.
 * What a file changes about the process is taken back after it. `runtime.cjs` belongs to it.
 */
const { LegacyFakeTimers, ModernFakeTimers } = require('@jest/fake-timers')
const { ModuleMocker } = require('jest-mock')

/**
 * Variables that the library, its commands or Node obey. They are removed, so that tests do not depend on the shell that
 * starts them. A test sets those that it is about. Variables that name programs for tests stay, such as TESSERAE_PYTHON.
 */
const OBEYED =
  /^(?:(?:https?|all|no)_proxy|node_(?:options|use_env_proxy)|hf_.*|hugging_?face_.*|transformers_offline|xdg_cache_home|tesserae_(?:backend|debug|executor|provider)|columns|lines|no_color|force_color|aws_.*|otel_.*)$/i

/** Properties of an object, to be put back as they are now. */
function snapshot(object) {
  const before = Object.getOwnPropertyDescriptors(object)
  return () => {
    for (const key of Reflect.ownKeys(object)) if (!Object.hasOwn(before, key)) Reflect.deleteProperty(object, key)
    for (const key of Reflect.ownKeys(before)) {
      const descriptor = before[key]
      if ('value' in descriptor && !Object.is(Object.getOwnPropertyDescriptor(object, key)?.value, descriptor.value)) {
        Reflect.defineProperty(object, key, descriptor)
      }
    }
  }
}

/** Listeners of the process. */
function snapshotListeners() {
  const before = new Map(process.eventNames().map(name => [name, new Set(process.rawListeners(name))]))
  return () => {
    for (const name of process.eventNames()) {
      for (const listener of process.rawListeners(name))
        if (!before.get(name)?.has(listener)) process.off(name, listener)
    }
  }
}

module.exports = class {
  constructor({ projectConfig: config }) {
    const environment = { ...process.env }
    const folder = process.cwd()
    for (const name of Object.keys(environment)) if (OBEYED.test(name)) delete process.env[name]
    // Tests of modes of files expect the usual one.
    const umask = process.umask(0o022)
    const restorers = [snapshot(globalThis), snapshot(process), snapshot(Error), snapshotListeners()]
    this.restore = () => {
      for (const restore of restorers) restore()
      for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
      Object.assign(process.env, environment)
      if (process.cwd() !== folder) process.chdir(folder)
      process.umask(umask)
    }
    const global = globalThis
    this.global = global
    this.moduleMocker = new ModuleMocker(global)
    const timerConfig = { idToRef: id => id, refToId: timer => timer }
    this.fakeTimers = new LegacyFakeTimers({ config, global, moduleMocker: this.moduleMocker, timerConfig })
    this.fakeTimersModern = new ModernFakeTimers({ config, global })
  }

  async setup() {}

  async teardown() {
    this.fakeTimers.dispose()
    this.fakeTimersModern.dispose()
    this.restore()
  }

  exportConditions() {
    return ['node', 'node-addons']
  }

  getVmContext() {
    return this.global
  }
}
