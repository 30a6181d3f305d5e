/** The program `components/executors/graph/session-process.cjs` as text: written by `npm run assemble`, not by hand. */
export const program = `const { readSync, writeSync } = require('node:fs')
const { Worker } = require('node:worker_threads')

const [CHANNEL, LIFELINE] = [3, 4]

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined)
process.title = 'tesserae-runtime'

function end() {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('ended')
}

function transfer(call, bytes) {
  for (let done = 0; done < bytes.byteLength; ) {
    try {
      const count = call(CHANNEL, bytes, done, Math.min(bytes.byteLength - done, 2 ** 30))
      if (count === 0) end()
      done += count
    } catch (error) {
      if ((error).code !== 'EINTR') end()
    }
  }
}

function read(length) {
  const bytes = new Uint8Array(length)
  transfer((fd, target, offset, count) => readSync(fd, target, offset, count, null), bytes)
  return bytes
}

const write = bytes => transfer((fd, source, offset, count) => writeSync(fd, source, offset, count), bytes)

function readRequest() {
  const length = new DataView(read(4).buffer).getUint32(0, true)
  const { message, sizes } = JSON.parse(Buffer.from(read(length)).toString())
  return { request: message, parts: sizes.map(read) }
}

function answer(message, parts = []) {
  const header = Buffer.from(JSON.stringify({ message, sizes: parts.map(({ byteLength }) => byteLength) }))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, header.length, true)
  for (const part of [length, header, ...parts]) write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
}

function loadRuntime() {
  try {
    return require((process.env.TESSERAE_RUNTIME_PATH))
  } catch (error) {
    answer({ error: wordsOf(error) })
    return end()
  }
}

function wordsOf(error) {
  return error instanceof Error ? error.message : String(error)
}

const { env, InferenceSession, Tensor } = loadRuntime()

env.logLevel = 'fatal'

const sessions = new Map()

function toOnnx({ dtype, shape }, { buffer }) {
  const data =
    dtype === 'float32' ? new Float32Array(buffer) : dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer)
  return new Tensor(dtype, (data), shape)
}

async function serve(request, parts) {
  switch (request.do) {
    case 'create': {
      const session = await InferenceSession.create((parts[0]), request.options)
      sessions.set(request.session, session)
      return answer({})
    }
    case 'run': {
      const session = (sessions.get(request.session))
      const feeds = Object.fromEntries(
        request.feeds.map((feed, i) => [feed.name, toOnnx(feed, (parts[i]))]),
      )
      const results = await session.run(feeds, request.fetches)
      const outputs = request.fetches.map(name => (results[name]))
      answer(
        { outputs: outputs.map(({ type, dims }, i) => ({ name: request.fetches[i], dtype: type, shape: dims })) },
        outputs.map(({ data }) => (data)),
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

const SMALLEST_MODEL = 'CAk6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBM='

async function wakeUp() {
  const session = await InferenceSession.create(Buffer.from(SMALLEST_MODEL, 'base64'), { executionProviders: ['cpu'] })
  await session.release()
}

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
`
