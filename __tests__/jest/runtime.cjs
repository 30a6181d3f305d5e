/** Jest's runtime for `environment.cjs`: compiles each file once in a process, and runs it in the process's own context. */
const { Script, constants } = require('node:vm')
const { default: Runtime } = require('jest-runtime')

/** By the file. */
const scripts = new Map()

class SharedScriptsRuntime extends Runtime {
  constructor(...args) {
    super(...args)
    const { executor } = this
    const parameters = executor.injectedModuleParameters.join(', ')
    const head = `(function (${parameters}) {`
    executor.compile = (source, filename) => {
      let entry = scripts.get(filename)
      if (entry?.source !== source) {
        const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
        const script = new Script(`${head}${source}\n})`, {
          filename,
          columnOffset: -head.length,
          importModuleDynamically,
        })
        entry = { source, run: () => script.runInThisContext() }
        scripts.set(filename, entry)
      }
      return entry.run()
    }
  }
}

module.exports = SharedScriptsRuntime
module.exports.default = SharedScriptsRuntime
