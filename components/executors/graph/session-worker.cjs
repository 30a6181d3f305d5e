// @ts-check
/**
 * A thread that holds ONNX Runtime's sessions: making one and running one block the thread that asks. It is JavaScript, so that
 * it runs as it is from the sources and from the build.
 *
 * @typedef {import('./session-messages').SessionRequest} SessionRequest
 * @typedef {import('./session-messages').PlainTensor} PlainTensor
 * @typedef {import('onnxruntime-node').InferenceSession} Session
 * @typedef {import('onnxruntime-node').Tensor} OnnxTensor
 */
const { parentPort, workerData } = require('node:worker_threads')

/** What this thread is doing, as native-work.ts reads it: 0 nothing native, 1 something, 2 nothing ever more, as the process ends. */
const state = /** @type {Int32Array} */ (workerData)

/** Begins native work. While the process ends there is none: the thread stands still until it is ended too. */
function begin() {
  if (Atomics.compareExchange(state, 0, 0, 1) === 2) Atomics.wait(state, 0, 2)
}

function end() {
  Atomics.store(state, 0, 0)
  Atomics.notify(state, 0)
}

/** @returns {typeof import('onnxruntime-node')} */
function loadRuntime() {
  begin()
  try {
    return require('onnxruntime-node')
  } finally {
    end()
  }
}

const { env, InferenceSession, Tensor } = loadRuntime()

// What goes wrong is thrown, and said by whoever asked.
env.logLevel = 'fatal'

/** @type {Map<number, Session>} */
const sessions = new Map()

/** @param {PlainTensor} tensor */
const toOnnx = ({ dtype, shape, data }) => new Tensor(dtype, /** @type {any} */ (data), shape)

/** @param {OnnxTensor} tensor @returns {PlainTensor} */
function toPlain({ type, dims, data }) {
  const dtype = /** @type {PlainTensor['dtype']} */ (type)
  return { dtype, shape: [...dims], data: /** @type {PlainTensor['data']} */ (data) }
}

/** @param {SessionRequest} request @returns {Promise<unknown>} */
async function answer(request) {
  switch (request.do) {
    case 'create': {
      const session = await InferenceSession.create(request.model, request.options)
      sessions.set(request.session, session)
      return undefined
    }
    case 'run': {
      const session = /** @type {Session} */ (sessions.get(request.session))
      const feeds = Object.fromEntries(Object.entries(request.feeds).map(([name, tensor]) => [name, toOnnx(tensor)]))
      const results = await session.run(feeds, request.fetches)
      const outputs = request.fetches.map(name => toPlain(/** @type {OnnxTensor} */ (results[name])))
      for (const output of Object.values(results)) output.dispose()
      return outputs
    }
    case 'release': {
      const session = sessions.get(request.session)
      sessions.delete(request.session)
      await session?.release()
      return undefined
    }
  }
}

/** An ONNX model that copies one number. The runtime sets itself up for the first session, and may as well do that before one is asked for. */
const SMALLEST_MODEL = 'CAk6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBM='

async function wakeUp() {
  begin()
  try {
    const session = await InferenceSession.create(Buffer.from(SMALLEST_MODEL, 'base64'), {
      executionProviders: ['cpu'],
    })
    await session.release()
  } finally {
    end()
  }
}

// One request after another: two sessions that compute at once would only slow each other down.
let turn = wakeUp().catch(() => undefined)

parentPort?.on('message', (/** @type {SessionRequest} */ request) => {
  turn = turn.then(async () => {
    begin()
    try {
      const result = await answer(request)
      const buffers = Array.isArray(result) ? result.map(({ data }) => data.buffer) : []
      parentPort?.postMessage({ id: request.id, result }, buffers)
    } catch (error) {
      parentPort?.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) })
    } finally {
      end()
    }
  })
})
