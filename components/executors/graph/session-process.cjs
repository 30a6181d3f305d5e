// @ts-check
/**
 * The program of the process that holds ONNX Runtime's sessions. Its text is part of the package as `components/assembled/session-process.ts`
 * (`npm run assemble`), so that it starts from a bundle as well. It answers one request after another and blocks while it waits and while it computes.
 *
 * @typedef {import('./session-messages').SessionRequest} SessionRequest
 * @typedef {import('./session-messages').TensorHeader} TensorHeader
 * @typedef {import('onnxruntime-node').InferenceSession} Session
 * @typedef {import('onnxruntime-node').Tensor} OnnxTensor
 */
const { readSync, writeSync } = require('node:fs')
const { Worker } = require('node:worker_threads')

// Requests and answers pass through the first pipe. The second closes when the parent ends, however it ends.
const [CHANNEL, LIFELINE] = [3, 4]

// A terminal and a supervisor signal the whole group; the parent decides what ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined)
process.title = 'tesserae-runtime'

/** Ends at once: the runtime takes long to leave, and has nothing to save. @returns {never} */
function end() {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('ended')
}

/**
 * Does one system call after another until all bytes have passed.
 *
 * @param {(fd: number, bytes: Uint8Array, offset: number, length: number) => number} call
 * @param {Uint8Array} bytes
 */
function transfer(call, bytes) {
  for (let done = 0; done < bytes.byteLength; ) {
    try {
      // One call passes less than 2 GiB.
      const count = call(CHANNEL, bytes, done, Math.min(bytes.byteLength - done, 2 ** 30))
      if (count === 0) end()
      done += count
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EINTR') end()
    }
  }
}

/** @param {number} length */
function read(length) {
  const bytes = new Uint8Array(length)
  transfer((fd, target, offset, count) => readSync(fd, target, offset, count, null), bytes)
  return bytes
}

/** @param {Uint8Array} bytes */
const write = bytes => transfer((fd, source, offset, count) => writeSync(fd, source, offset, count), bytes)

/** @returns {{ request: SessionRequest, parts: Uint8Array[] }} */
function readRequest() {
  const length = new DataView(read(4).buffer).getUint32(0, true)
  /** @type {import('./session-messages').FrameHeader<SessionRequest>} */
  const { message, sizes } = JSON.parse(Buffer.from(read(length)).toString())
  return { request: message, parts: sizes.map(read) }
}

/** @param {unknown} message @param {ArrayBufferView[]} [parts] */
function answer(message, parts = []) {
  const header = Buffer.from(JSON.stringify({ message, sizes: parts.map(({ byteLength }) => byteLength) }))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, header.length, true)
  for (const part of [length, header, ...parts]) write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
}

/** @returns {typeof import('onnxruntime-node')} */
function loadRuntime() {
  try {
    return require(/** @type {string} */ (process.env.TESSERAE_RUNTIME_PATH))
  } catch (error) {
    answer({ error: wordsOf(error) })
    return end()
  }
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error)
}

const { env, InferenceSession, Tensor } = loadRuntime()

// What goes wrong is thrown, and reported by the parent.
env.logLevel = 'fatal'

/** @type {Map<number, Session>} */
const sessions = new Map()

/** @param {TensorHeader} header @param {Uint8Array} bytes */
function toOnnx({ dtype, shape }, { buffer }) {
  const data =
    dtype === 'float32' ? new Float32Array(buffer) : dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer)
  return new Tensor(dtype, /** @type {any} */ (data), shape)
}

/** @param {SessionRequest} request @param {Uint8Array[]} parts */
async function serve(request, parts) {
  switch (request.do) {
    case 'create': {
      const session = await InferenceSession.create(/** @type {Uint8Array} */ (parts[0]), request.options)
      sessions.set(request.session, session)
      return answer({})
    }
    case 'run': {
      const session = /** @type {Session} */ (sessions.get(request.session))
      const feeds = Object.fromEntries(
        request.feeds.map((feed, i) => [feed.name, toOnnx(feed, /** @type {Uint8Array} */ (parts[i]))]),
      )
      const results = await session.run(feeds, request.fetches)
      const outputs = request.fetches.map(name => /** @type {OnnxTensor} */ (results[name]))
      answer(
        { outputs: outputs.map(({ type, dims }, i) => ({ name: request.fetches[i], dtype: type, shape: dims })) },
        outputs.map(({ data }) => /** @type {Float32Array} */ (data)),
      )
      for (const output of Object.values(results)) output.dispose()
      return
    }
    case 'release': {
      const session = sessions.get(request.session)
      sessions.delete(request.session)
      await session?.release()
      return answer({})
    }
  }
}

/** An ONNX model that copies one number. The runtime sets itself up for the first session, and may as well do that before one is asked for. */
const SMALLEST_MODEL = 'CAk6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBM='

async function wakeUp() {
  const session = await InferenceSession.create(Buffer.from(SMALLEST_MODEL, 'base64'), { executionProviders: ['cpu'] })
  await session.release()
}

/** Ends this process with its parent, also while the main thread computes. */
function watchParent() {
  const program =
    "try { require('node:fs').readSync(" +
    LIFELINE +
    ", new Uint8Array(1)) } finally { process.kill(process.pid, 'SIGKILL') }"
  new Worker(program, { eval: true, execArgv: [] }).on('error', end)
}

async function main() {
  await wakeUp()
  watchParent()
  answer({})
  for (;;) {
    const { request, parts } = readRequest()
    await serve(request, parts).catch(error => answer({ error: wordsOf(error) }))
  }
}

void main().catch(error => {
  answer({ error: wordsOf(error) })
  end()
})
